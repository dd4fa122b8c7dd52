//! Which of several toolkits to choose: one, and only one.
//!
//! What runs natively comes before what is newer but has limits, since a person who just presses Next should meet no
//! surprise. Among equals the newest final version wins: it also works with the newest gcc.

use std::cmp::Reverse;

use super::advisor::{Advice, Candidate, Machine, advise_among};
use super::tables::Tables;
use super::version::Release;

/// A candidate in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranked {
    /// Its place in the list that was given.
    pub index: usize,
    /// What is said of it.
    pub advice: Advice,
    /// It is the one to choose.
    pub recommended: bool,
}

/// Judges and orders candidates, best first. The first is recommended, unless it is known not to run: then nothing is,
/// since a recommendation that does not run would be a lie.
#[must_use]
pub fn rank(tables: &Tables, machine: &Machine, candidates: &[Candidate]) -> Vec<Ranked> {
    let choices: Vec<Release> = candidates.iter().map(|candidate| candidate.version.release).collect();
    let judged = |(index, candidate)| Ranked {
        index,
        advice: advise_among(tables, machine, candidate, &choices),
        recommended: false,
    };
    let mut ranked: Vec<Ranked> = candidates.iter().enumerate().map(judged).collect();
    ranked.sort_by_key(|ranked| {
        let candidate = &candidates[ranked.index];
        (ranked.advice.verdict, is_preview(tables, candidate), Reverse(candidate.version), ranked.index)
    });
    if let Some(best) = ranked.first_mut() {
        best.recommended = !best.advice.verdict.is_refusal();
    }
    ranked
}

fn is_preview(tables: &Tables, candidate: &Candidate) -> bool {
    let entry = tables.release(candidate.version.release);
    entry.and_then(|entry| entry.preview).is_some_and(|preview| preview == candidate.version)
}

/// An image of this project's, judged for a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RankedImage {
    /// Its place in the list that was given.
    pub index: usize,
    /// What is said of the toolkit in it; `None` for one without a toolkit, which runs everywhere.
    pub advice: Option<Advice>,
    /// It is the one to choose.
    pub recommended: bool,
}

/// The release in the tag of an image: `cuda-13.1-ubuntu24.04-py312` has 13.1, `stock-ubuntu24.04` none.
#[must_use]
pub fn release_of_tag(tag: &str) -> Option<Release> {
    tag.strip_prefix("cuda-")?.split('-').next()?.parse().ok()
}

/// Judges and orders images by their tags, best first: those whose toolkit works here, then those without a toolkit,
/// then the others. The first is recommended, if it is not known to fail.
#[must_use]
pub fn rank_images(tables: &Tables, machine: &Machine, tags: &[&str]) -> Vec<RankedImage> {
    let candidates: Vec<Candidate> = tags.iter().filter_map(|tag| release_of_tag(tag)).map(Candidate::new).collect();
    let with: Vec<usize> = (0..tags.len()).filter(|at| release_of_tag(tags[*at]).is_some()).collect();
    let without = (0..tags.len()).filter(|at| release_of_tag(tags[*at]).is_none());
    let ranked = rank(tables, machine, &candidates).into_iter();
    let mut images: Vec<RankedImage> = ranked
        .map(|ranked| RankedImage { index: with[ranked.index], advice: Some(ranked.advice), recommended: false })
        .collect();
    let works = |image: &RankedImage| image.advice.as_ref().is_some_and(|advice| advice.verdict.works());
    let place = images.iter().position(|image| !works(image)).unwrap_or(images.len());
    images.splice(place..place, without.map(|index| RankedImage { index, advice: None, recommended: false }));
    if let Some(best) = images.first_mut() {
        best.recommended = best.advice.as_ref().is_none_or(|advice| !advice.verdict.is_refusal());
    }
    images
}

#[cfg(test)]
#[path = "ranking_tests.rs"]
mod tests;
