//! The log of a service or of a job, as it is written: to follow, to search, to copy and to save.
//!
//! A service may write faster than anybody reads and more than anybody wants to hold. So reading happens away from the
//! widgets ([`reading`]), lines are bounded ([`lines`]), and the view changes once a second at most. Whoever looks back
//! finds the text standing still: new lines wait until they are wanted.

mod lines;
mod parts;
mod reading;
mod resume;
mod save;
mod search;
mod text;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use gtk::prelude::*;
use relm4::gtk;
use relm4::{Component, ComponentParts, ComponentSender};
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, DropGuard};

use self::lines::Lines;
use self::parts::Parts;
use self::reading::{FIRST_LINES, News};
use self::resume::{Passed, Seam};
use self::search::{Needle, Search};
use crate::client::Client;

const ENDED: &str = "The log ended: the control service was restarted, or may no longer show it to you.";
const LATE: &str = "The control service takes its time to open the log.";
/// Stands between lines where others may be missing.
const GAP: &str = "—— The control service was away. Lines may be missing here. ——";
const SILENT: &str = "Nothing has been written yet.";

/// What the view is told.
#[derive(Debug)]
pub(crate) enum Input {
    /// Shows this log, from the last lines on. Of another one, nothing is left; of the same, it goes on.
    Show {
        /// Where to ask for it.
        client: Client,
        /// Whose log.
        source: Source,
    },
    /// A job may have said more.
    More,
    /// Lets go of the log: nothing is read any more, nothing is kept.
    Stop,
    /// Goes on with the log, after it ended or was refused.
    ReadAgain,
    /// Whether new lines are shown as they come.
    Follow(bool),
    /// The person has moved through the text or selects in it.
    Moved {
        /// Away from the end.
        back: bool,
    },
    /// Searches for this; nothing: no longer.
    Search(String),
    /// Looks at another match.
    Step {
        /// The next one, else the one before.
        forward: bool,
    },
    /// Copies what is selected, or everything.
    Copy,
    /// Asks where to save everything.
    Save,
    /// Saves everything there, or nowhere.
    SaveAs(Option<PathBuf>),
}

/// Whose log it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A service's, by supervisord's name.
    Service(String),
    /// That of the job with this number.
    Job(u64),
}

/// What the view says.
#[derive(Debug)]
pub(crate) enum Output {
    /// One sentence for a toast.
    Say(String),
}

/// What comes back from away.
#[derive(Debug)]
pub(crate) struct Told(Message);

#[derive(Debug)]
enum Message {
    /// With the number of the reading that brings them.
    News(u64, News),
    Saved {
        path: PathBuf,
        lines: usize,
        result: io::Result<()>,
    },
}

/// How far reading has come.
#[derive(Debug, Default)]
enum Stage {
    /// Nothing is known yet, or nothing is wanted.
    #[default]
    Quiet,
    Late,
    Silent,
    Flowing,
    Ended,
    Refused(String),
}

/// The view.
#[derive(Debug)]
pub(crate) struct LogView {
    parts: Parts,
    /// What to read, and where.
    wanted: Option<(Client, Source)>,
    /// Dropped, it ends the reading.
    reading: Option<DropGuard>,
    /// News of another reading than this one are old.
    number: u64,
    /// The log of a job is looked at again when this says so.
    more: Arc<Notify>,
    stage: Stage,
    shown: Lines,
    /// What came while the text stood still.
    waiting: Option<Lines>,
    /// Where an earlier reading ended, until the first new lines have come.
    seam: Option<Seam>,
    follows: bool,
    search: Option<Search>,
    /// A dialog without an owner would vanish.
    dialog: Option<gtk::FileChooserNative>,
}

impl Component for LogView {
    type Init = ();
    type Input = Input;
    type Output = Output;
    type CommandOutput = Told;
    type Root = gtk::Box;
    type Widgets = ();

    fn init_root() -> gtk::Box {
        gtk::Box::new(gtk::Orientation::Vertical, 6)
    }

    fn init((): (), root: gtk::Box, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let model = Self {
            parts: Parts::build(&root, sender.input_sender()),
            wanted: None,
            reading: None,
            number: 0,
            more: Arc::default(),
            stage: Stage::default(),
            shown: Lines::default(),
            waiting: None,
            seam: None,
            follows: true,
            search: None,
            dialog: None,
        };
        model.tell();
        ComponentParts { model, widgets: () }
    }

    fn update(&mut self, input: Input, sender: ComponentSender<Self>, root: &gtk::Box) {
        match input {
            Input::Show { client, source } => {
                // A job's whole log comes again, so there is nothing to go on behind.
                let goes_on = matches!(source, Source::Service(_));
                if !goes_on || self.wanted.as_ref().is_none_or(|(_, shown)| *shown != source) {
                    self.let_go();
                }
                self.wanted = Some((client, source));
                self.read(&sender);
            }
            Input::ReadAgain => self.read_again(&sender),
            Input::More => self.more.notify_one(),
            Input::Stop => {
                self.wanted = None;
                self.let_go();
            }
            Input::Follow(follows) => self.follow(follows),
            Input::Moved { back: true } if self.parts.text.overflows() => self.follow(false),
            Input::Moved { back: false } if self.parts.text.is_at_end() => self.follow(true),
            Input::Moved { .. } => {}
            Input::Search(text) => self.search(&text),
            Input::Step { forward } => self.step(forward),
            Input::Copy => self.copy(&sender, root),
            Input::Save => self.ask_where(&sender, root),
            Input::SaveAs(path) => self.save(path, &sender),
        }
        self.tell();
    }

    fn update_cmd(&mut self, Told(message): Told, sender: ComponentSender<Self>, _: &gtk::Box) {
        match message {
            Message::News(number, news) if number == self.number => self.learn(news),
            Message::News(..) => {}
            Message::Saved { path, lines, result } => {
                let path = path.display();
                say(
                    &sender,
                    match result {
                        Ok(()) => format!("Saved the {lines} lines shown as {path}."),
                        Err(error) => format!("{path} could not be written ({error}). Save it somewhere else."),
                    },
                );
            }
        }
        self.tell();
    }
}

impl LogView {
    fn read_again(&mut self, sender: &ComponentSender<Self>) {
        if let Some((client, source)) = self.wanted.clone() {
            sender.input(Input::Show { client, source });
        }
    }

    /// Begins to read what is wanted, from its last lines on; behind what is there already, those that are new.
    fn read(&mut self, sender: &ComponentSender<Self>) {
        let Some((client, source)) = self.wanted.clone() else { return };
        self.number += 1;
        self.stage = Stage::Quiet;
        self.seam = self.last_lines().map(Seam::behind);
        let (number, stop, more) = (self.number, CancellationToken::new(), Arc::clone(&self.more));
        self.reading = Some(stop.clone().drop_guard());
        sender.command(move |out, shutdown| {
            let tell = move |news| out.emit(Told(Message::News(number, news)));
            let reading = async move {
                let _ = stop.run_until_cancelled(reading::read(client, source, more, tell)).await;
            };
            shutdown.register(reading).drop_on_shutdown()
        });
    }

    /// As many as are asked for at first, those that wait to be shown among them; none if there are none.
    fn last_lines(&self) -> Option<Vec<String>> {
        let waiting = self.waiting.iter().flat_map(Lines::ended);
        let all: Vec<&str> = self.shown.ended().chain(waiting).collect();
        let last = &all[all.len().saturating_sub(FIRST_LINES as usize)..];
        (!last.is_empty()).then(|| last.iter().map(|line| (*line).to_owned()).collect())
    }

    /// Ends the reading and forgets what it brought.
    fn let_go(&mut self) {
        self.reading = None;
        self.number += 1;
        self.stage = Stage::Quiet;
        self.shown = Lines::default();
        self.waiting = None;
        self.seam = None;
        if let Some(search) = &mut self.search {
            search.forget();
        }
        self.parts.text.clear();
        self.follow(true);
    }

    fn learn(&mut self, news: News) {
        match news {
            News::Late => self.stage = Stage::Late,
            News::Silence => self.stage = Stage::Silent,
            News::End => self.stage = Stage::Ended,
            News::Refusal(sentence) => self.stage = Stage::Refused(sentence),
            // The permit goes at the end of this arm, and the next lines may come.
            News::Lines(lines, _permit) => {
                self.stage = Stage::Flowing;
                let Some(lines) = self.behind_the_seam(lines) else { return };
                self.waiting.get_or_insert_default().append(lines);
                if self.follows {
                    self.show_waiting();
                }
            }
        }
    }

    /// Those of the lines that have not been there before an earlier reading ended; none as long as all have.
    fn behind_the_seam(&mut self, mut lines: Lines) -> Option<Lines> {
        let Some(seam) = &mut self.seam else { return Some(lines) };
        // Where the first ones are gone already, nothing can be compared, and nothing older is kept.
        if lines.dropped() == 0 {
            match seam.pass(lines.ended()) {
                Passed::Known => return None,
                Passed::New { known, missing } => {
                    lines.leave_out(known);
                    if missing {
                        lines.begin_with(GAP);
                    }
                }
            }
        }
        self.seam = None;
        Some(lines)
    }

    fn show_waiting(&mut self) {
        let Some(waiting) = self.waiting.take() else { return };
        let change = self.shown.append(waiting);
        self.parts.text.apply(&self.shown, change);
        if let Some(search) = &mut self.search {
            let new = search.follow(&self.shown, change);
            self.parts.text.mark(&self.shown, search.hits().rev().take(new));
        }
    }

    fn follow(&mut self, follows: bool) {
        if self.follows == follows {
            return;
        }
        self.follows = follows;
        self.parts.follow(follows);
        if follows {
            self.parts.text.follow();
            self.show_waiting();
        } else {
            self.parts.text.hold(&self.shown);
            self.mark();
        }
    }

    fn search(&mut self, text: &str) {
        if let Some(search) = &self.search {
            self.parts.text.unmark(&self.shown, search);
        }
        let from = self.parts.text.first_visible(&self.shown);
        self.search = Needle::new(text).map(|needle| Search::through(&self.shown, needle));
        if let Some(search) = &mut self.search {
            search.look_from(from);
        }
        self.mark();
        self.look();
    }

    fn step(&mut self, forward: bool) {
        if let Some(search) = &mut self.search {
            search.step(forward);
        }
        self.look();
    }

    fn mark(&self) {
        if let Some(search) = &self.search {
            self.parts.text.mark(&self.shown, search.hits());
        }
    }

    /// Brings the match that is looked at into view, where it stays.
    fn look(&mut self) {
        if self.search.as_ref().is_some_and(|search| search.current().is_some()) {
            self.follow(false);
        }
        if let Some(search) = &self.search {
            self.parts.text.look_at(&self.shown, search);
        }
    }

    fn copy(&self, sender: &ComponentSender<Self>, root: &gtk::Box) {
        let (text, said) = match self.parts.text.selection() {
            Some(selected) => (selected, "Copied the selected text.".into()),
            None => (self.shown.text(0..self.shown.len()), format!("Copied the {} lines shown.", self.shown.len())),
        };
        root.clipboard().set_text(&text);
        say(sender, said);
    }

    fn ask_where(&mut self, sender: &ComponentSender<Self>, root: &gtk::Box) {
        let Some((_, source)) = &self.wanted else { return };
        let dialog = gtk::FileChooserNative::builder()
            .title("Save the log")
            .action(gtk::FileChooserAction::Save)
            .accept_label("Save")
            .cancel_label("Cancel")
            .modal(true)
            .build();
        dialog.set_transient_for(root.root().and_downcast::<gtk::Window>().as_ref());
        dialog.set_current_name(&save::file_name(&match source {
            Source::Service(name) => name.clone(),
            Source::Job(id) => format!("job-{id}"),
        }));
        let input = sender.input_sender().clone();
        dialog.connect_response(move |dialog, response| {
            let file = if response == gtk::ResponseType::Accept { dialog.file() } else { None };
            input.emit(Input::SaveAs(file.and_then(|file| file.path())));
        });
        dialog.show();
        self.dialog = Some(dialog);
    }

    fn save(&mut self, path: Option<PathBuf>, sender: &ComponentSender<Self>) {
        self.dialog = None;
        let Some(path) = path else { return };
        let lines = self.shown.len();
        let text = self.shown.text(0..lines) + "\n";
        sender.spawn_oneshot_command(move || {
            let result = save::write_whole(&path, &text);
            Told(Message::Saved { path, lines, result })
        });
    }

    /// Brings everything around the text up to date. What has not changed is not painted.
    fn tell(&self) {
        let empty = self.shown.len() == 0;
        self.parts.is_empty(empty);
        let count = self.search.as_ref().map(Search::count);
        let any = self.search.as_ref().is_some_and(|search| search.hits().next().is_some());
        self.parts.found(count.as_deref(), any);
        self.parts.instead(match &self.stage {
            Stage::Refused(sentence) if empty => Some((sentence, true)),
            Stage::Ended if empty => Some((ENDED, true)),
            Stage::Late if empty => Some((LATE, false)),
            Stage::Silent if empty => Some((SILENT, false)),
            _ => None,
        });
        let newer = self.waiting.as_ref().map(newer);
        match (&self.stage, newer) {
            (Stage::Ended, _) if !empty => self.parts.below(Some((ENDED, true))),
            (Stage::Refused(sentence), _) if !empty => self.parts.below(Some((sentence, true))),
            (Stage::Late, _) if !empty => self.parts.below(Some((LATE, false))),
            (_, Some(newer)) => self.parts.below(Some((&newer, false))),
            _ => self.parts.below(None),
        }
    }
}

fn newer(waiting: &Lines) -> String {
    match waiting.dropped() + waiting.len() as u64 {
        1 => "1 newer line waits. Turn on Follow to see it.".into(),
        count => format!("{count} newer lines wait. Turn on Follow to see them."),
    }
}

fn say(sender: &ComponentSender<LogView>, sentence: String) {
    // A window that is gone shows no toast.
    let _ = sender.output(Output::Say(sentence));
}
