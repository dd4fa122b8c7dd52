//! The list of services, in groups. A row opens the page of its service.

use std::collections::BTreeMap;
use std::rc::Rc;

use adw::prelude::*;
use libadwaita as adw;
use relm4::gtk;
use relm4::{ComponentParts, ComponentSender, SimpleComponent};

use super::super::format;
use super::super::known::Known;
use super::super::request::Wish;
use super::super::rows::{Group, activatable, icon, named, page, row, show_icon};
use crate::client::{Fact, ServiceFacts, unix_now};
use crate::model::text::quoted;

/// So many rows a group has before one must ask for more: a row is dear, and nobody reads hundreds.
const ROWS: usize = 50;
/// From so many services on there is a search.
const MANY: usize = 30;

/// What the page is told.
#[derive(Debug)]
pub(in crate::window) enum Input {
    /// News from the daemon.
    Fact(Rc<Fact>),
    /// Some uptime has changed.
    Minute,
    /// Show services that hold this text only.
    Search(String),
    /// Show all rows of this category.
    More(String),
}

/// See the module.
#[derive(Debug)]
pub(in crate::window) struct Services {
    known: Known,
    search: String,
    groups: BTreeMap<(usize, String), Category>,
    content: gtk::Box,
}

/// The services of one category.
#[derive(Debug)]
struct Category {
    group: Group,
    rows: Vec<(String, Row)>,
    more: adw::ActionRow,
    all: bool,
}

/// The row of one service.
#[derive(Debug)]
struct Row {
    widget: adw::ActionRow,
    icon: gtk::Image,
    state: gtk::Label,
    shown: Shown,
}

/// What a row shows.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shown {
    title: String,
    subtitle: String,
    sign: format::Sign,
    note: String,
}

#[relm4::component(pub(in crate::window))]
impl SimpleComponent for Services {
    type Init = ();
    type Input = Input;
    type Output = Wish;

    view! {
        #[root]
        gtk::Box {
            append: &page(content),
        },
        #[local_ref]
        content -> gtk::Box {
            set_orientation: gtk::Orientation::Vertical,
            set_spacing: 18,
            #[local_ref]
            search -> gtk::SearchEntry {
                set_placeholder_text: Some("Search services"),
                #[watch]
                set_visible: model.known.snapshot.services.len() > MANY,
                connect_search_changed[sender] => move |entry| sender.input(Input::Search(entry.text().into())),
            },
            gtk::Label {
                set_wrap: true,
                set_xalign: 0.0,
                #[watch]
                set_visible: !model.nothing().is_empty(),
                #[watch]
                set_label: &model.nothing(),
            },
        }
    }

    fn init((): (), root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let model = Self {
            known: Known::default(),
            search: String::new(),
            groups: BTreeMap::new(),
            content: gtk::Box::default(),
        };
        let content = &model.content;
        let search = &named::<gtk::SearchEntry>("GtkSearchEntry", "Search services").unwrap_or_default();
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, input: Input, sender: ComponentSender<Self>) {
        match input {
            Input::Fact(fact) => self.learn(&fact, &sender),
            Input::Minute => self.refresh_rows(|_| true),
            Input::Search(text) => {
                self.search = text.trim().to_lowercase();
                self.reconcile(&sender);
            }
            Input::More(token) => {
                if let Some(category) = self.groups.get_mut(&key(&token)) {
                    category.all = true;
                }
                self.reconcile(&sender);
            }
        }
    }
}

fn key(token: &str) -> (usize, String) {
    (format::category_rank(token), format::category(token).to_owned())
}

impl Services {
    fn learn(&mut self, fact: &Fact, sender: &ComponentSender<Self>) {
        let was_known = |known: &Known, new: &ServiceFacts| {
            let old = known.snapshot.service(&new.name);
            old.is_some_and(|old| (&old.category, &old.label) == (&new.category, &new.label))
        };
        let same_rows = match fact {
            Fact::Service(new) => self.search.is_empty() && was_known(&self.known, new),
            Fact::Arrived(..) | Fact::ServiceGone(_) => false,
            _ => true,
        };
        self.known.learn(fact);
        if !same_rows {
            self.reconcile(sender);
        }
        match fact {
            Fact::Service(service) => self.refresh_rows(|name| name == service.name),
            Fact::Job(job) => self.refresh_rows(|name| job.targets.iter().any(|target| target == name)),
            Fact::Arrived(..) | Fact::Away(_) | Fact::JobGone(_) => self.refresh_rows(|_| true),
            _ => {}
        }
        // Old facts are shown as what they are.
        self.content.set_sensitive(self.known.is_there || self.known.snapshot.services.is_empty());
    }

    /// Why there are no rows, if there are none.
    fn nothing(&self) -> String {
        match (self.groups.values().all(|category| category.rows.is_empty()), self.known.is_there) {
            (true, true) if self.search.is_empty() => "There are no services. Is supervisord running?".into(),
            (true, true) => format!("No service matches {}.", quoted(&self.search)),
            (true, false) => "Nothing is known yet.".into(),
            (false, _) => String::new(),
        }
    }

    /// Services by group, each group in the order of what people read.
    fn wanted(&self) -> BTreeMap<(usize, String), Vec<&ServiceFacts>> {
        let mut wanted: BTreeMap<_, Vec<&ServiceFacts>> = BTreeMap::new();
        for service in self.known.snapshot.services.iter().filter(|service| matches(service, &self.search)) {
            wanted.entry(key(&service.category)).or_default().push(service);
        }
        for services in wanted.values_mut() {
            services.sort_by_cached_key(|service| service.label.to_lowercase());
        }
        wanted
    }

    /// Makes the groups and rows those that are wanted. Rows that stay are left alone.
    fn reconcile(&mut self, sender: &ComponentSender<Self>) {
        let wanted = self.wanted();
        let names: BTreeMap<(usize, String), Vec<(String, Shown)>> = wanted
            .into_iter()
            .map(|(key, services)| {
                let services = services.into_iter().map(|service| (service.name.clone(), self.shown(service)));
                (key, services.collect())
            })
            .collect();
        for (key, category) in &mut self.groups {
            category.group.widget.set_visible(names.contains_key(key));
            if !names.contains_key(key) {
                category.keep(Vec::new(), sender);
            }
        }
        for (key, services) in names {
            if !self.groups.contains_key(&key) {
                let category = Category::new(&key.1, sender);
                self.groups.insert(key.clone(), category);
                let before = self.groups.range(..&key).next_back().map(|(_, before)| before.group.widget.clone());
                let before = before.map(gtk::Box::upcast).or_else(|| self.last_of_head());
                let new = &self.groups[&key].group.widget;
                self.content.insert_child_after(new, before.as_ref());
            }
            if let Some(category) = self.groups.get_mut(&key) {
                category.keep(services, sender);
            }
        }
    }

    /// What stands above the groups ends with the sentence on why there are none.
    fn last_of_head(&self) -> Option<gtk::Widget> {
        self.content.first_child().and_then(|search| search.next_sibling())
    }

    fn refresh_rows(&mut self, which: impl Fn(&str) -> bool) {
        let known = &self.known;
        for category in self.groups.values_mut() {
            for (name, row) in category.rows.iter_mut().filter(|(name, _)| which(name)) {
                if let Some(service) = known.snapshot.service(name) {
                    row.show(shown(known, service));
                }
            }
        }
    }

    fn shown(&self, service: &ServiceFacts) -> Shown {
        shown(&self.known, service)
    }
}

fn matches(service: &ServiceFacts, search: &str) -> bool {
    search.is_empty() || [&service.name, &service.label].iter().any(|text| text.to_lowercase().contains(search))
}

/// What the row of a service shows: what the daemon has confirmed, and what it is at work on.
fn shown(known: &Known, service: &ServiceFacts) -> Shown {
    let sign = known.sign_of(service);
    let mut about = vec![service.name.clone()];
    if !matches!(service.health.as_str(), "ok" | "none") && !service.health_reason.is_empty() {
        about.push(service.health_reason.clone());
    }
    let up = service.since.filter(|_| service.state == "running").map(|since| format::up_for(since, unix_now()));
    let note: Vec<String> = up.into_iter().chain(format::restarts(service.restarts)).collect();
    Shown { title: service.label.clone(), subtitle: about.join(" · "), sign, note: note.join(" · ") }
}

impl Category {
    fn new(title: &str, sender: &ComponentSender<Services>) -> Self {
        let more = row("", "");
        let (input, token) = (sender.input_sender().clone(), title.to_owned());
        activatable(&more, move || input.emit(Input::More(token.clone())));
        Self { group: Group::new(title), rows: Vec::new(), more, all: false }
    }

    /// Shows these services in this order.
    fn keep(&mut self, services: Vec<(String, Shown)>, sender: &ComponentSender<Services>) {
        let limit = if self.all { usize::MAX } else { ROWS };
        let more = services.len().saturating_sub(limit);
        let mut old: BTreeMap<String, Row> = std::mem::take(&mut self.rows).into_iter().collect();
        let kept: Vec<(String, Shown)> = services.into_iter().take(limit).collect();
        for (at, (name, shown)) in kept.into_iter().enumerate() {
            let place = i32::try_from(at).unwrap_or(i32::MAX);
            let row = if let Some(mut row) = old.remove(&name) {
                if row.widget.index() != place {
                    self.group.list.remove(&row.widget);
                    self.group.list.insert(&row.widget, place);
                }
                row.show(shown);
                row
            } else {
                let row = Row::new(name.clone(), shown, sender);
                self.group.list.insert(&row.widget, place);
                row
            };
            self.rows.push((name, row));
        }
        for gone in old.into_values() {
            self.group.list.remove(&gone.widget);
        }
        self.offer_more(more);
    }

    fn offer_more(&self, more: usize) {
        if self.more.parent().is_some() {
            self.group.list.remove(&self.more);
        }
        if more > 0 {
            self.more.set_title(&format!("Show {more} more"));
            self.group.list.append(&self.more);
        }
    }
}

impl Row {
    fn new(name: String, shown: Shown, sender: &ComponentSender<Services>) -> Self {
        let row = row("", "");
        let icon = icon(&shown.sign);
        let state = gtk::Label::builder().xalign(1.0).justify(gtk::Justification::Right).wrap(true).build();
        row.add_prefix(&icon);
        row.add_suffix(&state);
        row.add_suffix(&gtk::Image::from_icon_name("go-next-symbolic"));
        let opened = sender.output_sender().clone();
        activatable(&row, move || opened.emit(Wish::OpenService(name.clone())));
        let nothing =
            Shown { title: String::new(), subtitle: String::new(), note: String::new(), sign: shown.sign.clone() };
        let mut made = Self { widget: row, icon, state, shown: nothing };
        made.show(shown);
        made
    }

    fn show(&mut self, shown: Shown) {
        if shown == self.shown {
            return;
        }
        self.widget.set_title(&shown.title);
        self.widget.set_subtitle(&shown.subtitle);
        let state = if shown.note.is_empty() {
            shown.sign.word.clone()
        } else {
            format!("{}\n{}", shown.sign.word, shown.note)
        };
        self.state.set_label(&state);
        show_icon(&self.icon, &shown.sign);
        self.shown = shown;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::JobFacts;

    fn service() -> ServiceFacts {
        ServiceFacts {
            name: "x11vnc".into(),
            label: "VNC server".into(),
            state: "running".into(),
            health: "ok".into(),
            since: Some(unix_now()),
            restarts: 2,
            ..ServiceFacts::default()
        }
    }

    #[test]
    fn a_row_tells_name_state_uptime_and_restarts() {
        let shown = shown(&Known::default(), &service());
        assert_eq!((shown.title.as_str(), shown.subtitle.as_str()), ("VNC server", "x11vnc"));
        assert_eq!(
            (shown.sign.word.as_str(), shown.note.as_str()),
            ("Running", "up less than a minute · restarted 2 times")
        );
    }

    #[test]
    fn a_row_tells_why_a_service_is_not_well_and_what_is_done_about_it() {
        let mut known = Known::default();
        let service = ServiceFacts { health: "failing".into(), health_reason: "nobody listens".into(), ..service() };
        assert_eq!(shown(&known, &service).subtitle, "x11vnc · nobody listens");
        known.snapshot.jobs.push(JobFacts {
            kind: "service-restart".into(),
            targets: vec!["x11vnc".into()],
            ..JobFacts::default()
        });
        assert_eq!(shown(&known, &service).sign.word, "Restarting");
        known.snapshot.jobs[0].result = Some("done".into());
        assert_eq!(shown(&known, &service).sign.word, "Not working");
    }

    #[test]
    fn a_search_looks_at_both_names() {
        assert!(matches(&service(), "vnc s") && matches(&service(), "x11") && !matches(&service(), "selkies"));
    }
}
