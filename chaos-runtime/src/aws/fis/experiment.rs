//! A FIS experiment as a fault.

use super::super::cloudwatch::watch_stop_alarms;
use super::super::guard::{Arn, Harm, Permit};
use super::super::tags::Tags;
use super::super::{Aws, Session};
use super::effect::Before;
use super::source::{Outline, Source, is_idle};
use super::started::{Ids, start};
use super::watch::Watch;
use super::{Place, Plan, StopOn};
use crate::claim::display;
use crate::fault::{Evidence, Fault, Held, InjectCx, OneShot};
use crate::report::journal::EventKind;
use crate::rollback::{AwsStep, Recipe, Undo};
use crate::{Error, Result};
use aws_sdk_fis::types::ActionsMode;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// How long FIS may take from the start of an experiment to its first effect.
const CONFIRM: Duration = Duration::from_secs(180);

/// A FIS experiment. Made by [`Fis::run`](super::Fis::run), [`Fis::template`](super::Fis::template) and others.
///
/// Awaited as it is, it runs to its own end; with `.hold(…)` it is stopped then. Confirmed when an effect was seen: the
/// writer moved, instances are being terminated; where nothing of that kind can be seen from outside, when FIS runs the
/// action on targets that it has resolved.
#[must_use = "a fault does nothing until it is injected"]
pub struct FisExperiment {
    aws: Aws,
    source: Source,
    waived: Option<String>,
    /// Why it may harm what it does not name.
    untagged: Option<String>,
    /// On all that this fault makes.
    token: String,
    ids: Arc<Mutex<Ids>>,
    prepared: Option<Prepared>,
}

/// What the preparation found out.
struct Prepared {
    permit: Permit,
    outline: Outline,
    /// `None`: the plan has to become one.
    template: Option<String>,
    watch: Watch,
}

impl FisExperiment {
    pub(super) fn new(aws: &Aws, source: Source) -> Self {
        Self {
            aws: aws.clone(),
            source,
            waived: None,
            untagged: None,
            token: Tags::draw(),
            ids: Arc::default(),
            prepared: None,
        }
    }

    /// Runs a template that no alarm stops, and says why that is right.
    pub fn without_stop_condition(mut self, because: impl Into<String>) -> Self {
        let because = because.into();
        if let Source::Plan(plan) = &mut self.source {
            **plan = std::mem::take(&mut **plan).without_stop_condition(because.clone());
        }
        self.waived = Some(because);
        self
    }

    /// Runs actions that have no targets, so that the profile's tag protects nobody from them, and says why that is right.
    pub fn harms_untagged(mut self, because: impl Into<String>) -> Self {
        self.untagged = Some(because.into());
        self
    }

    fn session(&self) -> &Arc<Session> {
        &self.aws.session
    }

    /// The plan with what the profile adds to every one: its tag on all targets, its stop alarms, its role.
    fn completed(&self, plan: &Plan) -> Result<Plan> {
        let rules = &self.session().rules;
        let mut plan = plan.clone();
        if !rules.stop_alarms.is_empty() {
            // What stops every experiment of the profile stops this one, whatever it says of itself.
            plan.stop_on.retain(|stop| matches!(stop, StopOn::Alarm(alarm) if !rules.stop_alarms.contains(alarm)));
            plan.stop_on.extend(rules.stop_alarms.iter().cloned().map(StopOn::Alarm));
        }
        plan.validate()?;
        let (key, value) = self.session().required_tag();
        plan.require_tag(key, value)?;
        if plan.own_role().is_none() && rules.role.is_none() {
            return Err(Error::new("no role by which FIS could carry out the experiment")
                .help("set `role` in the profile's [aws], or `.role(\"arn:…\")` of the plan"));
        }
        Ok(plan)
    }

    /// What is run, with all that can be known of it without any harm.
    async fn outline(&mut self) -> Result<(Outline, Option<String>)> {
        let session = self.session().clone();
        let id = match &self.source {
            Source::Plan(plan) => {
                let plan = self.completed(plan)?;
                let outline = Outline::of_plan(&plan, &self.place());
                self.source = Source::Plan(Box::new(plan));
                return Ok((outline, None));
            }
            Source::Template(id) => id.clone(),
            Source::Tagged(key, value) => session.template_tagged(key, value).await?,
        };
        let template = session.template(&id).await?;
        let outline = Outline::of_template(&template, session.required_tag())?;
        if outline.alarms.is_empty() && self.waived.is_none() {
            return Err(Error::new(format!("no alarm stops the template {id}"))
                .help("give it a stop condition, or waive it in so many words: `.without_stop_condition(\"why\")`"));
        }
        Ok((outline, Some(id)))
    }

    fn place(&self) -> Place {
        Place::new(&*self.session().account, &*self.session().region)
    }

    /// Starts what was prepared, on a task of the experiment's own: a body that is cancelled in the middle of a call
    /// must not leave behind what nobody knows of.
    async fn begin(&self, mode: ActionsMode) -> Result<String> {
        let prepared = self.prepared.as_ref().ok_or_else(|| Error::new("a fault is prepared before it is injected"))?;
        prepared.permit.still_good()?;
        // What others do may have changed since the preparation.
        self.session().check_others(&Harm { what: self.describe(), ..Harm::default() }).await?;
        let plan = match &self.source {
            Source::Plan(plan) => {
                let role = self.session().rules.role.clone().unwrap_or_default();
                Some(plan.template(&self.place(), &role))
            }
            Source::Template(_) | Source::Tagged(..) => None,
        };
        let (session, ids, template) = (self.session().clone(), self.ids.clone(), prepared.template.clone());
        let (permit, token) = (prepared.permit.clone(), self.token.clone());
        let start = async move { start(&session, &permit, &ids, &token, plan, template, mode).await };
        self.aws.core.net.run(start).await?
    }
}

impl Fault for FisExperiment {
    fn describe(&self) -> String {
        match &self.source {
            Source::Plan(plan) => {
                let actions = plan.actions().map(|(name, action)| match plan.actions().len() {
                    1 => action.id().to_owned(),
                    _ => format!("{name} ({})", action.id()),
                });
                format!("FIS {}", actions.collect::<Vec<_>>().join(", "))
            }
            Source::Template(id) => format!("FIS template {id}"),
            Source::Tagged(key, value) => format!("FIS template tagged {key}={value}"),
        }
    }

    fn target(&self) -> String {
        format!("AWS account {}, {}", self.aws.account(), self.aws.region())
    }

    async fn prepare(&mut self, cx: &InjectCx) -> Result<()> {
        let (outline, template) = self.outline().await?;
        if outline.actions.values().all(|id| is_idle(id)) {
            return Err(
                Error::new("the experiment harms nothing: it only waits").help("add an action that harms a target")
            );
        }
        if let (Some(hold), Some(lasts)) = (cx.hold, outline.lasts)
            && !lasts.is_zero()
            && lasts < hold
        {
            let (lasts, hold) = (display::duration(lasts), display::duration(hold));
            return Err(Error::new(format!("the experiment ends after {lasts}, and is to be held for {hold}"))
                .help("let its actions last longer, or hold it for less long"));
        }
        if let (Some(action), None) = (outline.targetless.first(), &self.untagged) {
            return Err(Error::new(format!("{action} has no targets, so whom it harms can't be told by a tag"))
                .help("take an action with targets, or waive it in so many words: `.harms_untagged(\"why\")`"));
        }
        if outline.lasts.is_none() {
            return Err(Error::new("how long the experiment lasts can't be told")
                .help("give its actions a duration that FIS knows, or bound the plan: `.at_most(minutes(5))`"));
        }
        let harm = Harm {
            what: self.describe(),
            targets: outline.targets(),
            // FIS goes on for as long as its actions say, should nobody be left who stops it.
            lasts: cx.hold.max(outline.lasts),
            stop_alarms: outline.alarms.clone(),
        };
        let permit = self.session().permit(&harm).await?;
        for cluster in outline.arns.iter().filter(|arn| Arn::parse(arn).is_some_and(|arn| arn.is_cluster())) {
            self.session().check_lease(cluster).await?;
        }
        watch_stop_alarms(&self.aws.core, self.session(), &harm.alarms(self.session()));
        let before = Before::read(self.session(), &outline).await?;
        let watch = Watch::new(&self.aws, before);
        self.prepared = Some(Prepared { permit, outline, template, watch });
        Ok(())
    }

    async fn preview(&mut self, _cx: &InjectCx) -> Result<String> {
        let id = self.begin(ActionsMode::SkipAll).await?;
        let Some(prepared) = &mut self.prepared else { return Err(Error::new("it was not prepared")) };
        let targets = prepared.watch.preview(&id).await?;
        Ok(format!("{} on {}", self.describe(), targets.join(", ")))
    }

    fn undo(&self) -> Undo {
        let session = self.session().clone();
        let end = AwsStep::End { experiment: session.tags.token().to_owned(), fault: Some(self.token.clone()) };
        let recipe = Recipe::Aws { place: session.place(), steps: vec![end] };
        let (ids, token) = (self.ids.clone(), self.token.clone());
        Undo::from_recipe(recipe).live(move || {
            let (session, ids, token) = (session.clone(), ids.clone(), token.clone());
            async move { ids.lock().await.end(&session, &token).await }
        })
    }

    async fn inject(&mut self, _cx: &InjectCx) -> Result<()> {
        let id = self.begin(ActionsMode::RunAll).await?;
        self.aws.core.events.note(EventKind::Target, format!("FIS experiment {id} was started"));
        if let Some(prepared) = &mut self.prepared {
            prepared.watch.begin(id);
        }
        Ok(())
    }

    fn confirm_within(&self) -> Option<Duration> {
        Some(CONFIRM)
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        match &mut self.prepared {
            Some(prepared) => prepared.watch.evidence().await,
            None => Ok(Evidence::none("it was not started")),
        }
    }

    fn lasts(&self) -> bool {
        self.prepared.as_ref().is_some_and(|prepared| prepared.outline.lasts != Some(Duration::ZERO))
    }

    async fn completion(&mut self) -> Result<Option<Evidence>> {
        let Some(Prepared { watch, outline, .. }) = &mut self.prepared else { return Ok(None) };
        watch.completion(outline.lasts.unwrap_or(self.aws.session.rules.max_duration)).await.map(Some)
    }
}

impl OneShot for FisExperiment {}

impl Held for FisExperiment {}

impl fmt::Debug for FisExperiment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FisExperiment").field("source", &self.source).finish_non_exhaustive()
    }
}
