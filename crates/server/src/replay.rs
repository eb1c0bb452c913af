//! Would it be decided so again, and why was it? A decision made anew from its record and the
//! configuration of its time. Where its inputs were taken back there is only what was decided.

use decision::{AuditLine, Decision, Explanation, Snapshot, Trace, explain, trace};
use store::ProjectId;
use wire::ids::{self, Tag};

use crate::{
    app::App,
    configuration,
    deciding::{self, Recorded},
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

/// The code of a decision whose inputs were taken back.
pub const TAKEN_BACK: &str = "inputs_taken_back";
const TAKEN_BACK_DETAIL: &str = "The customer took back what this was decided by, or was erased: \
                                 what was decided is kept, and cannot be decided again.";

/// What became of every candidate, and why; of a decision whose inputs were taken back, what is
/// on record and that they were.
#[must_use]
pub fn traced(snapshot: &Snapshot, recorded: &Recorded) -> (Trace, Explanation) {
    let request = &recorded.request;
    if !recorded.stripped {
        let explained = explain(snapshot, request, &recorded.decision);
        return (trace(snapshot, request), explained);
    }
    let trace = Trace {
        decision: recorded.decision.clone(),
        unmatched: Vec::new(),
    };
    let line = AuditLine {
        step: "record".into(),
        subject: "request".into(),
        code: TAKEN_BACK.into(),
        detail: TAKEN_BACK_DETAIL.into(),
    };
    let explained = Explanation {
        shopper: Vec::new(),
        support: vec![TAKEN_BACK_DETAIL.into()],
        auditor: vec![line],
    };
    (trace, explained)
}

/// # Errors
/// When the decision or its configuration is not kept, or its inputs were taken back.
pub async fn replay(app: &App, project: ProjectId, id: u64) -> Result<Replayed, Refused> {
    let kept = deciding::recorded(app, project, id).await?;
    if kept.stripped {
        return Err(Refused::Conflict {
            code: TAKEN_BACK,
            detail: TAKEN_BACK_DETAIL.into(),
        });
    }
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
/// As [`replay`].
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
