//! The desktop session's bus, from outside. It lets in nobody but the desktop user, by the word of the kernel, so the
//! connection is made by a thread that has become that user.

use std::collections::HashMap;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use futures_util::StreamExt;
use zbus::message::{Message, Type};
use zbus::object_server::Interface;
use zbus::zvariant::{DynamicType, OwnedValue, Structure, Value};
use zbus::{MatchRule, MessageStream};

use super::{DEADLINE, Stack, wait_until};

const FOLDER: &str = "/run/user/1001/dbus";
const SOCKET: &str = "session_bus_socket";
const USER: u32 = 1001;
const BUS: &str = "org.freedesktop.DBus";

/// A connection, served by a thread of its own.
#[derive(Debug)]
pub struct SessionBus {
    pub connection: zbus::Connection,
    runtime: tokio::runtime::Handle,
    /// Ends the thread when dropped.
    _end: tokio::sync::oneshot::Sender<()>,
}

impl SessionBus {
    /// Waits until there is a bus.
    pub fn join(stack: &Stack) -> Self {
        let what = || "the session bus lets us in".to_owned();
        let socket = wait_until(DEADLINE, what, || connect(stack));
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                socket.set_nonblocking(true).expect("a socket");
                let socket = tokio::net::UnixStream::from_std(socket).expect("a socket");
                let builder = zbus::connection::Builder::unix_stream(socket).user_id(USER);
                let connection = builder.build().await.expect("the session bus");
                // From now on calls are answered, if only by "there is no such object".
                let _ = connection.object_server();
                let (end, ended) = tokio::sync::oneshot::channel();
                let runtime = tokio::runtime::Handle::current();
                tell.send(Self { connection, runtime, _end: end }).expect("somebody waits");
                let _ = ended.await;
            });
        });
        told.recv().expect("the session bus")
    }

    /// Calls a method.
    pub fn call<B>(&self, to: &str, path: &str, interface: &str, method: &str, body: &B) -> zbus::Result<Message>
    where
        B: serde::Serialize + DynamicType,
    {
        let call = self.connection.call_method(Some(to), path, Some(interface), method, body);
        self.runtime.block_on(async {
            let limit = tokio::time::timeout(DEADLINE, call).await;
            limit.unwrap_or_else(|_| Err(zbus::Error::Failure(format!("{method} was not answered"))))
        })
    }

    /// A property; none if it cannot be read.
    pub fn property(&self, of: &str, path: &str, interface: &str, name: &str) -> Option<OwnedValue> {
        let answer = self.call(of, path, "org.freedesktop.DBus.Properties", "Get", &(interface, name));
        answer.ok()?.body().deserialize().ok()
    }

    /// Serves an object.
    pub fn serve(&self, path: &str, object: impl Interface) {
        let served = self.runtime.block_on(self.connection.object_server().at(path, object));
        assert!(served.expect("an object"), "{path} is served already");
    }

    /// Sends a signal to everybody.
    pub fn signal<B>(&self, path: &str, interface: &str, name: &str, body: &B)
    where
        B: serde::Serialize + DynamicType,
    {
        let send = self.connection.emit_signal(None::<&str>, path, interface, name, body);
        self.runtime.block_on(send).expect("the bus");
    }

    /// The signals of this name that come from now on.
    pub fn signals(&self, interface: &str, name: &str) -> std::sync::mpsc::Receiver<Message> {
        let rule = MatchRule::builder().msg_type(Type::Signal).interface(interface.to_owned()).expect("an interface");
        let rule = rule.member(name.to_owned()).expect("a name").build();
        let stream = MessageStream::for_match_rule(rule, &self.connection, None);
        let mut stream = self.runtime.block_on(stream).expect("the bus");
        let (tell, told) = std::sync::mpsc::channel();
        self.runtime.spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                if tell.send(message).is_err() {
                    break;
                }
            }
        });
        told
    }

    /// Takes a name.
    pub fn own(&self, name: &str) {
        let answer = self.call(BUS, "/org/freedesktop/DBus", BUS, "RequestName", &(name, 0_u32));
        let answer: u32 = answer.expect("the bus").body().deserialize().expect("a number");
        assert_eq!(answer, 1, "{name} is taken");
    }

    /// Gives a name back.
    pub fn release(&self, name: &str) {
        self.call(BUS, "/org/freedesktop/DBus", BUS, "ReleaseName", &name).expect("the bus");
    }

    /// Whether somebody has a name.
    pub fn has_owner(&self, name: &str) -> bool {
        let answer = self.call(BUS, "/org/freedesktop/DBus", BUS, "NameHasOwner", &name).expect("the bus");
        answer.body().deserialize().expect("a boolean")
    }
}

fn connect(stack: &Stack) -> Option<UnixStream> {
    // Only root may look into the namespace.
    let folder = File::open(stack.path(FOLDER)).ok()?;
    let as_user = move || {
        rustix::thread::set_thread_uid(rustix::process::Uid::from_raw(USER)).expect("the tests run as root");
        UnixStream::connect(format!("/proc/self/fd/{}/{SOCKET}", folder.as_raw_fd())).ok()
    };
    std::thread::spawn(as_user).join().expect("a thread")
}

/// One entry of a menu.
#[derive(Clone, Debug)]
pub struct MenuEntry {
    pub id: i32,
    pub label: String,
    pub enabled: bool,
    /// It is a choice, and the one that holds.
    pub chosen: bool,
    /// What opens from it.
    pub entries: Vec<MenuEntry>,
}

/// The tray icon on the bus.
#[derive(Debug)]
pub struct TrayItem<'b> {
    bus: &'b SessionBus,
    /// Its name on the bus.
    pub name: String,
}

impl<'b> TrayItem<'b> {
    /// The item that is listed by this name.
    pub fn listed(bus: &'b SessionBus, name: &str) -> Self {
        Self { bus, name: name.split('/').next().unwrap_or_default().to_owned() }
    }

    /// A text property; empty if it cannot be read.
    pub fn text(&self, property: &str) -> String {
        let value = self.bus.property(&self.name, "/StatusNotifierItem", "org.kde.StatusNotifierItem", property);
        value.and_then(|value| String::try_from(value).ok()).unwrap_or_default()
    }

    /// Title and text of the tooltip.
    pub fn tooltip(&self) -> (String, String) {
        let value = self.bus.property(&self.name, "/StatusNotifierItem", "org.kde.StatusNotifierItem", "ToolTip");
        let fields = value.and_then(|value| Structure::try_from(value).ok()).map(Structure::into_fields);
        match fields.as_deref() {
            Some([_, _, Value::Str(title), Value::Str(text)]) => (title.to_string(), text.to_string()),
            _ => <(String, String)>::default(),
        }
    }

    /// A click, by the name of its method: `Activate` or `SecondaryActivate`.
    pub fn click(&self, method: &str) {
        let interface = "org.kde.StatusNotifierItem";
        self.bus.call(&self.name, "/StatusNotifierItem", interface, method, &(0, 0)).expect("an icon");
    }

    /// The menu, without its separators; empty if it cannot be read.
    pub fn menu(&self) -> Vec<MenuEntry> {
        type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);
        let all: (i32, i32, Vec<String>) = (0, -1, Vec::new());
        let answer = self.bus.call(&self.name, "/MenuBar", "com.canonical.dbusmenu", "GetLayout", &all);
        let Ok(answer) = answer else { return Vec::new() };
        let (_, (_, _, children)): (u32, Layout) = answer.body().deserialize().expect("a menu");
        assert!(children.len() <= 10, "{children:?}");
        children.into_iter().filter_map(entry).collect()
    }

    /// What the menu says, from top to bottom.
    pub fn labels(&self) -> Vec<String> {
        self.menu().into_iter().map(|entry| entry.label).collect()
    }

    /// Chooses an entry of the menu or of what opens from it.
    pub fn choose(&self, label: &str) {
        let menu = self.menu();
        let all = menu.iter().flat_map(|entry| std::iter::once(entry).chain(&entry.entries));
        let entry = all.into_iter().find(|entry| entry.label == label);
        let entry = entry.unwrap_or_else(|| panic!("no {label} in {menu:?}"));
        assert!(entry.enabled, "{label} is disabled");
        let event = (entry.id, "clicked", Value::from(0_i32), 0_u32);
        self.bus.call(&self.name, "/MenuBar", "com.canonical.dbusmenu", "Event", &event).expect("a menu");
    }
}

fn entry(child: OwnedValue) -> Option<MenuEntry> {
    let fields = Structure::try_from(child).ok()?.into_fields();
    let [Value::I32(id), Value::Dict(properties), Value::Array(children)] = fields.as_slice() else { return None };
    let label: String = properties.get(&"label").ok()??;
    let enabled: Option<bool> = properties.get(&"enabled").ok()?;
    let state: Option<i32> = properties.get(&"toggle-state").ok()?;
    let inside = |child: &Value<'_>| match child {
        Value::Value(inside) => inside.try_to_owned().ok(),
        other => other.try_to_owned().ok(),
    };
    let entries = children.iter().filter_map(|child| entry(inside(child)?)).collect();
    Some(MenuEntry { id: *id, label, enabled: enabled.unwrap_or(true), chosen: state == Some(1), entries })
}
