//! Would it be decided so again? A decision made anew from its record and the configuration of its
//! time.

use decision::Decision;
use store::ProjectId;
use wire::ids::{self, Tag};

use crate::{
    app::App,
    configuration, deciding,
    problem::Refused,
    setup::{LIVE, SANDBOX},
};

/// What was decided, and what is decided from the same record now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    pub recorded: Decision,
    pub again: Decision,
}

impl Replayed {
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.recorded == self.again
    }
}

/// # Errors
/// When the decision or its configuration is not kept.
pub async fn replay(app: &App, project: ProjectId, id: u64) -> Result<Replayed, Refused> {
    let kept = deciding::recorded(app, project, id).await?;
    let snapshot = configuration::kept(app.store(), project, kept.decision.snapshot).await?;
    let again = decision::replay(&snapshot, &kept.request);
    Ok(Replayed {
        recorded: kept.decision,
        again,
    })
}

/// As [`replay`], by the name outside, in whichever project it was made.
///
/// # Errors
/// When the decision or its configuration is not kept.
pub async fn replay_named(app: &App, name: &str) -> Result<Replayed, Refused> {
    let missing = || Refused::NotFound {
        what: "decision",
        id: name.to_owned(),
    };
    let id = ids::parse(Tag::Decision, name).map_err(|_| missing())?;
    for project in [LIVE, SANDBOX] {
        match replay(app, project, id).await {
            Err(Refused::NotFound {
                what: "decision", ..
            }) => {}
            other => return other,
        }
    }
    Err(missing())
}
