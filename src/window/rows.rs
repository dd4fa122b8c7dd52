//! Rows, signs and buttons as every page has them.

use adw::prelude::*;
use gtk::glib;
use libadwaita as adw;
use relm4::gtk;

use super::column::Column;
use super::format::Sign;

/// A heading over a list in a frame.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// Both together.
    pub(super) widget: gtk::Box,
    /// The list alone.
    pub(super) list: gtk::ListBox,
}

impl Group {
    /// An empty list under this title.
    pub(super) fn new(title: &str) -> Self {
        let widget: gtk::Box = Column::new(6).upcast();
        let heading = gtk::Label::builder().label(title).xalign(0.0).css_classes(["heading"]).build();
        let list = gtk::ListBox::builder().selection_mode(gtk::SelectionMode::None).css_classes(["boxed-list"]).build();
        widget.append(&heading);
        widget.append(&list);
        Self { widget, list }
    }

    /// Takes all rows away.
    pub(super) fn clear(&self) {
        while let Some(row) = self.list.first_child() {
            self.list.remove(&row);
        }
    }
}

/// A row with plain texts: names from outside are no markup.
pub(super) fn row(title: &str, subtitle: &str) -> adw::ActionRow {
    // First of all: a text that is set before is read as markup.
    let row = adw::ActionRow::builder().use_markup(false).build();
    say(&row, title, subtitle);
    // Until it can be activated there is nothing to be done with the row itself.
    row.set_focusable(false);
    row
}

/// The same with one of several values at its end. The row itself is the control: unlike a list inside of one it has a
/// name where the keyboard is.
pub(super) fn choice_row(title: &str, subtitle: &str) -> adw::ComboRow {
    let row = adw::ComboRow::builder().use_markup(false).build();
    say(&row, title, subtitle);
    row
}

fn say(row: &impl IsA<adw::ActionRow>, title: &str, subtitle: &str) {
    let row = row.upcast_ref();
    row.set_title(title);
    row.set_subtitle(subtitle);
    row.set_title_lines(2);
    row.set_subtitle_lines(4);
}

/// A widget of this class with a name for who cannot see it. The bindings of this GTK have no call for it; its own
/// format of interfaces has.
pub(super) fn named<W: IsA<glib::Object>>(class: &str, name: &str) -> Option<W> {
    named_with(class, name, "")
}

/// A button with an icon alone; its name is also what the pointer is told.
pub(super) fn icon_button(icon: &str, name: &str) -> gtk::Button {
    let button: gtk::Button = named_with("GtkButton", name, &property("icon-name", icon)).unwrap_or_default();
    button.set_tooltip_text(Some(name));
    button
}

/// The same with properties, each as [`property`] writes it: those that name a widget too must be there before its
/// name, and some can be given only to a new one.
pub(super) fn named_with<W: IsA<glib::Object>>(class: &str, name: &str, properties: &str) -> Option<W> {
    let label = property("label", name);
    let accessibility = format!("<accessibility>{label}</accessibility>");
    let object = format!("<object class='{class}' id='it'>{properties}{accessibility}</object>");
    gtk::Builder::from_string(&format!("<interface>{object}</interface>")).object("it")
}

/// For [`named_with`].
pub(super) fn property(name: &str, value: &str) -> String {
    format!("<property name='{name}'>{}</property>", glib::markup_escape_text(value))
}

/// Makes the row itself something to press.
pub(super) fn activatable(row: &adw::ActionRow, activated: impl Fn() + 'static) {
    row.set_activatable(true);
    row.set_focusable(true);
    row.connect_activated(move |_| activated());
}

/// A sign's icon. Its word stands beside it, so a screen reader need not hear of it.
pub(super) fn icon(sign: &Sign) -> gtk::Image {
    let image = gtk::Image::builder().accessible_role(gtk::AccessibleRole::Presentation).build();
    show_icon(&image, sign);
    image
}

/// Makes an icon that of another sign.
pub(super) fn show_icon(image: &gtk::Image, sign: &Sign) {
    image.set_icon_name(Some(sign.icon));
    image.set_css_classes(sign.class.as_slice());
}

/// A button with a verb on it, in the middle of a row's end; `name` says of what, for it stands alone where one goes
/// from control to control.
pub(super) fn button(label: &str, name: &str, clicked: impl Fn(&gtk::Button) + 'static) -> gtk::Button {
    let button: gtk::Button = named_with("GtkButton", name, &property("label", label)).unwrap_or_default();
    button.set_tooltip_text(Some(name));
    button.set_valign(gtk::Align::Center);
    button.connect_clicked(clicked);
    button
}

/// Side by side, so many in a line where there is room for them. For what has nothing to press: Tab passes by.
pub(super) fn side_by_side(widgets: &[&gtk::Widget], most: u32) -> gtk::FlowBox {
    let all = gtk::FlowBox::builder()
        .selection_mode(gtk::SelectionMode::None)
        .homogeneous(true)
        .max_children_per_line(most)
        .column_spacing(18)
        .row_spacing(12)
        .can_focus(false)
        .build();
    for widget in widgets {
        all.insert(&gtk::FlowBoxChild::builder().focusable(false).child(*widget).build(), -1);
    }
    all
}

/// What a page's content stands in: in the middle, not wider than can be read, scrolling when it is too long.
pub(super) fn page(content: &impl IsA<gtk::Widget>) -> gtk::ScrolledWindow {
    let clamp = adw::Clamp::builder().maximum_size(760).child(content).build();
    for set_margin in [gtk::Widget::set_margin_top, gtk::Widget::set_margin_bottom] {
        set_margin(clamp.upcast_ref(), 18);
    }
    for set_margin in [gtk::Widget::set_margin_start, gtk::Widget::set_margin_end] {
        set_margin(clamp.upcast_ref(), 12);
    }
    let scrolled = gtk::ScrolledWindow::builder().hscrollbar_policy(gtk::PolicyType::Never).child(&clamp);
    scrolled.hexpand(true).vexpand(true).build()
}
