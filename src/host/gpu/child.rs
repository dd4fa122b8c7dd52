//! The probe's side: answers questions until nobody asks any more.

use std::io::{self, BufRead, Write};
use std::path::Path;

use rustix::process::{Signal, set_parent_process_death_signal};

use super::nvml::Driver;
use super::protocol::{Answer, Question};

/// Answers what comes from `questions`, with the library at `library`, or where the system keeps it.
///
/// # Errors
/// A question is none, or nobody takes the answer.
pub fn answer_questions(library: Option<&Path>, questions: impl BufRead, mut answers: impl Write) -> io::Result<()> {
    // The end of the questions ends it, but not while the driver hangs.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let mut loaded: Option<Driver> = None;
    for line in questions.lines() {
        let question: Question = serde_json::from_str(&line?)?;
        let driver = match loaded.take() {
            Some(driver) => Ok(driver),
            None => Driver::load(library),
        };
        let answer = match driver {
            Ok(driver) => answer(loaded.insert(driver), question),
            Err(trouble) => Answer::Failed(trouble),
        };
        serde_json::to_writer(&mut answers, &answer)?;
        answers.write_all(b"\n")?;
        answers.flush()?;
    }
    Ok(())
}

fn answer(driver: &Driver, question: Question) -> Answer {
    let answer = match question {
        Question::Facts => driver.facts().map(Answer::Facts),
        Question::Sample => driver.sample().map(Answer::Sample),
        Question::Processes => driver.processes().map(Answer::Processes),
        Question::Sessions => driver.sessions().map(Answer::Sessions),
    };
    answer.unwrap_or_else(Answer::Failed)
}
