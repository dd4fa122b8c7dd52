//! What a request would do: refused with a sentence, or the settings of ours afterwards and what to say about them.

use std::collections::BTreeMap;

use super::table;
use super::view::Configured;
use crate::api::Error;
use crate::model::stream::change::{self, Raw};
use crate::model::stream::{Change, Choice, Meaning, Overlay, Preset, Refusal, Setting, Size, Source, resolve};
use crate::model::text::quoted;

/// One setting as somebody wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// The setting's name.
    pub(crate) name: String,
    /// A plain value.
    pub(crate) value: String,
    /// For whom; none where that stays.
    pub(crate) meaning: Option<Meaning>,
}

/// What would happen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    /// All our settings afterwards: environment variables.
    pub(crate) after: BTreeMap<String, String>,
    /// What changes, for people, a line each. Empty: nothing.
    pub(crate) changes: Vec<String>,
    /// What viewers will notice, one sentence or two.
    pub(crate) notice: String,
    /// What to think of before, one sentence each.
    pub(crate) warnings: Vec<String>,
}

/// What a request is made on.
#[derive(Debug)]
pub(super) struct Basis<'b> {
    pub(super) configured: &'b Configured,
    /// Our settings as they are kept.
    pub(super) kept: BTreeMap<String, String>,
}

impl Basis<'_> {
    /// These settings as wished.
    pub(super) fn wishes(&self, wishes: &[Wish]) -> Result<Plan, Error> {
        let mut wanted = Vec::new();
        for wish in wishes {
            let setting = self.setting(&wish.name)?;
            self.refuse_fixed(setting)?;
            self.refuse_browsers(setting)?;
            let raw = &self.raw()[&wish.name];
            let meaning = wish.meaning.unwrap_or_else(|| usual_meaning(setting, raw));
            wanted.push((wish.name.clone(), Choice::new(wish.value.as_str(), meaning)));
        }
        self.chosen(&wanted)
    }

    /// The settings of a preset, but for those that are fixed.
    pub(super) fn preset(&self, preset: &Preset) -> Result<Plan, Error> {
        let mut wanted = preset.changes(&self.configured.schema);
        wanted.retain(|(name, _)| self.configured.resolved.get(name).is_some_and(|resolved| !resolved.fixed));
        wanted.iter().try_for_each(|(name, _)| self.refuse_browsers(self.setting(name)?))?;
        self.chosen(&wanted)
    }

    /// Without our values of these settings; of all where none is named.
    pub(super) fn reset(&self, names: &[String]) -> Result<Plan, Error> {
        let mut after = self.kept.clone();
        let fixed = &self.configured.layers.fixed;
        for name in names {
            let setting = self.setting(name)?;
            if fixed.contains(name) {
                self.refuse_fixed(setting)?;
            }
            after.remove(&setting.env_name());
        }
        if names.is_empty() {
            let schema = &self.configured.schema;
            let stays =
                |name: &String| schema.settings.iter().any(|it| fixed.contains(&it.name) && it.env_name() == *name);
            after.retain(|name, _| stays(name));
        }
        let mut plan = self.plan(after, &self.raw());
        if plan.changes.is_empty() && plan.after != self.kept {
            plan.changes = vec!["Values set here are taken away; the same hold without them".into()];
        }
        Ok(plan)
    }

    fn chosen(&self, wanted: &[(String, Choice)]) -> Result<Plan, Error> {
        let before = self.raw();
        let schema = &self.configured.schema;
        let chosen = change::chosen(schema, &before, wanted).map_err(|refusals| refused(&refusals))?;
        let mut after = self.kept.clone();
        for (name, choice) in wanted {
            let setting = self.setting(name)?;
            self.refuse_impossible(setting, &choice.value)?;
            after.insert(setting.env_name(), chosen[name].clone());
        }
        let mut plan = self.plan(after, &before);
        plan.warnings.extend(self.check_size(&chosen, wanted)?);
        Ok(plan)
    }

    /// From now to `after`.
    fn plan(&self, after: BTreeMap<String, String>, before: &Raw) -> Plan {
        let Configured { schema, layers, .. } = self.configured;
        let mut layers = layers.clone();
        layers.overrides.clone_from(&after);
        let resolved = resolve(schema, &layers);
        let raw: Raw = resolved.into_iter().map(|(name, resolved)| (name, resolved.raw)).collect();
        let changes = change::between(schema, before, &raw);
        let known = change::warnings(schema, before);
        let mut warnings = change::warnings(schema, &raw);
        warnings.retain(|warning| !known.contains(warning));
        warnings.extend(self.falls_to_cpu(&changes, &raw));
        Plan {
            after,
            notice: change::notice(schema.generation, &changes),
            changes: changes.into_iter().map(|change| change.words).collect(),
            warnings,
        }
    }

    fn falls_to_cpu(&self, changes: &[Change], raw: &Raw) -> Option<String> {
        let Configured { schema, machine, .. } = self.configured;
        let encoder = changes.iter().find(|change| change.setting == "encoder")?;
        let cpu =
            schema.get("use_cpu").zip(raw.get("use_cpu")).is_some_and(|(cpu, raw)| cpu.decode(raw).value == "true");
        let row = Overlay::bundled().row(schema.get("encoder")?);
        let falls = !cpu && row.falls_to_cpu(&encoder.after.value, &machine.hardware());
        let why = machine.obstacle().unwrap_or_else(|| "No GPU of this machine does.".into());
        falls.then(|| format!("The CPU will encode {}. {why}", row.words(&encoder.after.value)))
    }

    /// A fixed size of the desktop must be one that the screen can take.
    fn check_size(&self, chosen: &Raw, wanted: &[(String, Choice)]) -> Result<Option<String>, Error> {
        let schema = &self.configured.schema;
        if !wanted.iter().any(|(name, _)| Size::settings().contains(&name.as_str())) {
            return Ok(None);
        }
        let value = |name: &str| schema.get(name).zip(chosen.get(name)).map(|(setting, raw)| setting.decode(raw).value);
        let side = |name: &str| value(name)?.parse().ok().filter(|side: &u32| *side > 0);
        let [_, width, height] = Size::settings();
        let (width, height) = match (side(width), side(height)) {
            (None, None) => return Ok(None),
            (width, height) => (width.unwrap_or(OTHER_SIDES.width), height.unwrap_or(OTHER_SIDES.height)),
        };
        let frame_buffer = self.configured.frame_buffer.unwrap_or(USUAL_FRAME_BUFFER);
        let encoder = value("encoder").unwrap_or_default();
        Size { width, height }.check(frame_buffer, &encoder).map_err(|refusal| refused(&[refusal]))
    }

    fn raw(&self) -> Raw {
        let resolved = &self.configured.resolved;
        resolved.iter().map(|(name, resolved)| (name.clone(), resolved.raw.clone())).collect()
    }

    fn setting(&self, name: &str) -> Result<&Setting, Error> {
        let schema = &self.configured.schema;
        schema.get(name).ok_or_else(|| {
            let near = schema.settings.iter().map(|it| (strsim::jaro_winkler(name, &it.name), &it.name));
            let near = near.filter(|(likeness, _)| *likeness > LIKE).max_by(|(a, _), (b, _)| a.total_cmp(b));
            let hint =
                near.map_or("`desktopctl stream schema` lists all.".into(), |(_, near)| format!("Is it {near}?"));
            Error::UnknownSetting(format!("Selkies {} has no setting {}. {hint}", schema.version, quoted(name)))
        })
    }

    fn refuse_fixed(&self, setting: &Setting) -> Result<(), Error> {
        let Configured { layers, resolved, .. } = self.configured;
        let fixed = resolved.get(&setting.name).and_then(|resolved| table::fixed(setting, layers, resolved));
        fixed.map_or(Ok(()), |why| Err(Error::Locked(format!("{} cannot be changed. {why}", setting.name))))
    }

    /// The 1.6 generation prefers what a browser chose last to whatever we could write.
    fn refuse_browsers(&self, setting: &Setting) -> Result<(), Error> {
        let resolved = self.configured.resolved.get(&setting.name);
        if resolved.is_none_or(|resolved| resolved.source != Source::Browser) {
            return Ok(());
        }
        Err(Error::Locked(format!(
            "{} was chosen in a browser, and this Selkies prefers that. Change it in the side panel of the page, or \
             remove /tmp/selkies_config.json and try again.",
            setting.name
        )))
    }

    fn refuse_impossible(&self, setting: &Setting, value: &str) -> Result<(), Error> {
        let row = Overlay::bundled().row(setting);
        let why = table::cannot(&row, value.trim(), &self.configured.machine);
        why.map_or(Ok(()), |why| {
            Err(Error::Unsupported(format!("{} does not work here. {why}", row.words(value.trim()))))
        })
    }
}

/// How alike a name must be to be taken for a slip, from 0 to 1.
const LIKE: f64 = 0.8;
/// Of the images that Selkies is found in.
const USUAL_FRAME_BUFFER: Size = Size { width: 8192, height: 4096 };

/// What the server takes for the side that is not given.
const OTHER_SIDES: Size = Size { width: 1024, height: 768 };

/// The meaning that a value has now, as long as somebody may choose it.
fn usual_meaning(setting: &Setting, raw: &str) -> Meaning {
    let now = setting.decode(raw).meaning;
    let possible = setting.meanings();
    if possible.contains(&now) { now } else { possible.first().copied().unwrap_or(now) }
}

fn refused(refusals: &[Refusal]) -> Error {
    let sentences: Vec<&str> = refusals.iter().map(|refusal| refusal.sentence.as_str()).collect();
    Error::InvalidSetting(sentences.join(" "))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
