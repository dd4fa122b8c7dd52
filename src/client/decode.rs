//! From the bus's dictionaries to facts. Unknown keys are left alone; a missing key, or one of another type, is as if
//! the daemon did not know.

mod access;
mod cuda;
mod gpu;
mod stream;
mod vnc;

use zbus::fdo::ManagedObjects;
use zbus::zvariant::{OwnedObjectPath, OwnedValue};

use super::facts::{
    AccessFacts, CudaFacts, FindingFacts, GpuFacts, JobFacts, PendingFacts, RootFacts, ServiceFacts, Snapshot,
    StreamFacts, ToolkitFacts, VncFacts, WayFacts,
};
use super::feed::Fact;
use crate::api::{self, interface, proxy::Dictionary};

pub(super) use cuda::{cuda, toolkit, toolkit_order};
pub(super) use gpu::gpu;
pub(super) use stream::{pending, pending_id, plan, setting, stream};
pub(super) use vnc::vnc;

/// What a token is when the daemon does not say.
const UNKNOWN: &str = "unknown";

/// What one object of the daemon says of itself.
pub(super) enum Told {
    /// The root object.
    Root(RootFacts),
    /// A service.
    Service(ServiceFacts),
    /// A job.
    Job(JobFacts),
    /// The ways in.
    Access(Vec<WayFacts>, AccessFacts),
    /// The stream.
    Stream(StreamFacts),
    /// A change on trial.
    Pending(PendingFacts),
    /// A GPU.
    Gpu(GpuFacts),
    /// VNC.
    Vnc(VncFacts),
    /// CUDA as a whole.
    Cuda(CudaFacts),
    /// A toolkit.
    Toolkit(ToolkitFacts),
}

/// Everything: the root's properties, and what `GetManagedObjects` told.
pub(super) fn snapshot(root: Dictionary, objects: ManagedObjects) -> Snapshot {
    let mut snapshot = Snapshot { root: self::root(Properties(root)), ..Snapshot::default() };
    for (path, interfaces) in objects {
        for told in interfaces.into_iter().filter_map(|(name, properties)| object(&path, name.as_str(), properties)) {
            match told {
                Told::Root(root) => snapshot.root = root,
                Told::Service(service) => snapshot.services.push(service),
                Told::Job(job) => snapshot.jobs.push(job),
                Told::Access(ways, access) => {
                    snapshot.ways = ways;
                    snapshot.access = Some(Box::new(access));
                }
                Told::Stream(stream) => snapshot.stream = Some(stream),
                Told::Pending(change) => snapshot.pending.push(change),
                Told::Gpu(gpu) => snapshot.gpus.push(gpu),
                Told::Vnc(vnc) => snapshot.vnc = Some(Box::new(vnc)),
                Told::Cuda(cuda) => snapshot.cuda = Some(Box::new(cuda)),
                Told::Toolkit(toolkit) => snapshot.toolkits.push(toolkit),
            }
        }
    }
    snapshot.services.sort_by(|one, other| one.name.cmp(&other.name));
    snapshot.jobs.sort_by_key(|job| job.id);
    snapshot.pending.sort_by_key(|change| change.id);
    snapshot.gpus.sort_by(gpu_order);
    snapshot.toolkits.sort_by(toolkit_order);
    snapshot
}

/// NVIDIA's order; the whole before its parts.
pub(super) fn gpu_order(one: &GpuFacts, other: &GpuFacts) -> std::cmp::Ordering {
    let place = |gpu: &GpuFacts| (gpu.index, gpu.parent.is_some(), gpu.uuid.clone());
    place(one).cmp(&place(other))
}

/// One object; none for interfaces that this version does not know.
pub(super) fn object(path: &str, interface: &str, properties: Dictionary) -> Option<Told> {
    Some(match interface {
        interface::ROOT => Told::Root(root(Properties(properties))),
        interface::SERVICE => Told::Service(service(path, Properties(properties))),
        interface::JOB => Told::Job(job(number_of(path), properties)),
        interface::ACCESS => {
            let (ways, access) = access::access(properties);
            Told::Access(ways, access)
        }
        interface::STREAM => Told::Stream(stream(properties)),
        interface::PENDING => Told::Pending(pending(number_of(path), properties)),
        interface::GPU => Told::Gpu(gpu(path, properties)),
        interface::VNC => Told::Vnc(vnc(properties)),
        interface::CUDA => Told::Cuda(cuda(properties)),
        interface::TOOLKIT => Told::Toolkit(toolkit(path, properties)),
        _ => return None,
    })
}

/// An object that is no more.
pub(super) fn gone(path: &str, interface: &str) -> Option<Fact> {
    match interface {
        interface::SERVICE => Some(Fact::ServiceGone(api::name_of(path))),
        interface::JOB => Some(Fact::JobGone(number_of(path))),
        interface::ACCESS => Some(Fact::AccessGone),
        interface::STREAM => Some(Fact::StreamGone),
        interface::PENDING => Some(Fact::PendingGone(number_of(path))),
        interface::GPU => Some(Fact::GpuGone(api::name_of(path))),
        interface::VNC => Some(Fact::VncGone),
        interface::CUDA => Some(Fact::CudaGone),
        interface::TOOLKIT => Some(Fact::ToolkitGone(api::name_of(path))),
        _ => None,
    }
}

/// The number of the job, or of the change, at `path`; 0, which none has, for what has no number.
pub(super) fn number_of(path: &str) -> u64 {
    api::name_of(path).parse().unwrap_or_default()
}

/// One job.
pub(super) fn job(id: u64, properties: Dictionary) -> JobFacts {
    let mut properties = Properties(properties);
    let targets: Vec<OwnedObjectPath> = properties.or_default("Targets");
    JobFacts {
        id,
        kind: properties.text("Kind"),
        targets: targets.iter().map(|path| api::name_of(path)).collect(),
        state: properties.token("State"),
        step: properties.text("Step"),
        progress: properties.or_default("Progress"),
        progress_valid: properties.or_default("ProgressValid"),
        bytes_done: properties.or_default("BytesDone"),
        bytes_total: properties.or_default("BytesTotal"),
        seconds_left: properties.unless_empty("SecondsLeft"),
        cancellable: properties.or_default("Cancellable"),
        started_by_uid: properties.or_default("StartedByUid"),
        start_time: properties.unless_empty("StartTime"),
        result: properties.unless_empty("Result"),
        error_name: properties.unless_empty("ErrorName"),
        error_message: properties.unless_empty("ErrorMessage"),
    }
}

fn service(path: &str, mut properties: Properties) -> ServiceFacts {
    ServiceFacts {
        name: properties.unless_empty("Name").unwrap_or_else(|| api::name_of(path)),
        label: properties.text("Label"),
        description: properties.text("Description"),
        category: properties.text("Category"),
        state: properties.token("State"),
        health: properties.token("Health"),
        health_reason: properties.text("HealthReason"),
        since: properties.unless_empty("Since"),
        pid: properties.unless_empty("Pid"),
        restarts: properties.or_default("Restarts"),
        exit_status: properties.unless_empty("ExitStatus"),
        essential: properties.or_default("Essential"),
        consequence: properties.text("Consequence"),
        depends_on: properties.or_default("DependsOn"),
    }
}

fn root(mut properties: Properties) -> RootFacts {
    let findings: Vec<Dictionary> = properties.or_default("Findings");
    RootFacts {
        version: properties.text("Version"),
        api_version: properties.or_default("ApiVersion"),
        variant: properties.token("Variant"),
        mode: properties.token("Mode"),
        up_since: properties.unless_empty("UpSince"),
        gpu_state: properties.token("GpuState"),
        gpu_reason: properties.unless_empty("GpuReason"),
        findings: findings.into_iter().map(|finding| self::finding(Properties(finding))).collect(),
    }
}

fn finding(mut keys: Properties) -> FindingFacts {
    FindingFacts {
        kind: keys.text("kind"),
        severity: keys.token("severity"),
        title: keys.text("title"),
        message: keys.text("message"),
    }
}

/// An `a{sv}` that is taken apart key by key.
struct Properties(Dictionary);

impl Properties {
    fn get<T: TryFrom<OwnedValue>>(&mut self, key: &str) -> Option<T> {
        self.0.remove(key).and_then(|value| T::try_from(value).ok())
    }

    fn or_default<T: TryFrom<OwnedValue> + Default>(&mut self, key: &str) -> T {
        self.get(key).unwrap_or_default()
    }

    /// For properties that write "none" as 0 or as an empty text.
    fn unless_empty<T: TryFrom<OwnedValue> + Default + PartialEq>(&mut self, key: &str) -> Option<T> {
        let value = self.or_default(key);
        (value != T::default()).then_some(value)
    }

    fn text(&mut self, key: &str) -> String {
        self.or_default(key)
    }

    fn token(&mut self, key: &str) -> String {
        self.unless_empty(key).unwrap_or_else(|| UNKNOWN.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use zbus::zvariant::{ObjectPath, Value};

    use super::*;

    fn dictionary(pairs: Vec<(&str, Value<'static>)>) -> Dictionary {
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value.try_to_owned().unwrap())).collect()
    }

    pub(super) fn objects(path: &str, interface: &str, pairs: Vec<(&str, Value<'static>)>) -> ManagedObjects {
        let path = ObjectPath::try_from(path.to_owned()).unwrap().into();
        let interface = zbus::names::InterfaceName::try_from(interface.to_owned()).unwrap().into();
        HashMap::from([(path, HashMap::from([(interface, dictionary(pairs))]))])
    }

    pub(super) fn below(objects: ManagedObjects) -> Snapshot {
        snapshot(Dictionary::new(), objects)
    }

    #[test]
    fn a_service_is_read_whatever_else_is_said_or_left_out() {
        let pairs = vec![
            ("State", "running".into()),
            ("Health", "a-later-token".into()),
            ("Since", 7_u64.into()),
            ("Pid", 0_u32.into()),
            ("Restarts", "of another type".into()),
            ("DependsOn", vec!["x-server", "dbus"].into()),
            ("OfALaterVersion", true.into()),
        ];
        let snapshot = below(objects(&api::service_path("a/b"), interface::SERVICE, pairs));
        let service = snapshot.service("a/b").expect("named by its path");
        assert_eq!((service.state.as_str(), service.health.as_str()), ("running", "a-later-token"));
        assert_eq!((service.since, service.pid, service.restarts), (Some(7), None, 0));
        assert_eq!(service.depends_on, ["x-server", "dbus"]);
        assert_eq!(service.exit_status, None);
    }

    #[test]
    fn a_job_names_its_targets() {
        let target = ObjectPath::try_from(api::service_path("x-server")).unwrap();
        let pairs = vec![("Targets", vec![target].into()), ("Result", "".into()), ("Progress", 0.5.into())];
        let snapshot = below(objects(&api::job_path(12), interface::JOB, pairs));
        let [job] = snapshot.jobs.as_slice() else { panic!("one job") };
        assert_eq!((job.id, job.targets.as_slice(), &job.result), (12, ["x-server".to_owned()].as_slice(), &None));
        assert_eq!((job.progress, job.state.as_str()), (0.5, UNKNOWN));
    }

    #[test]
    fn findings_are_a_list_of_dictionaries() {
        let finding = HashMap::from([("title", Value::from("t"))]);
        let root = snapshot(dictionary(vec![("Findings", vec![finding].into())]), HashMap::new()).root;
        assert_eq!((root.findings[0].title.as_str(), root.mode.as_str()), ("t", UNKNOWN));
    }
}
