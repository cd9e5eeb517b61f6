use crate::{Cleanup, PhasePlan, SyncPlan, Task, WavePlan};
use fairway_core::{Map, Str, Value};
use std::fmt;

impl fmt::Display for SyncPlan {
    /// One line a task, below headings for phases and waves.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for refusal in &self.refusals {
            writeln!(f, "refused: {refusal}")?;
        }
        for phase in self.phases.iter().chain(&self.on_failure) {
            for wave in &phase.waves {
                let gate = if wave.gate { ", then wait until healthy" } else { "" };
                writeln!(f, "{} wave {}{gate}", phase.phase, wave.wave)?;
                for (n, step) in wave.steps.iter().enumerate() {
                    for task in &step.tasks {
                        writeln!(
                            f,
                            "  {}. {:<10} {}  ({})",
                            n + 1,
                            task.action,
                            task.key,
                            task.explanation()
                        )?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn text(value: impl Into<Str>) -> Value {
    Value::String(value.into())
}

impl SyncPlan {
    /// Returns the plan as JSON for programs. Objects are named, not included: a plan never shows a Secret.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut out = Map::new();
        out.insert("app", text(self.app.to_string()));
        out.insert("dryRun", self.dry_run);
        out.insert("executable", self.is_executable());
        out.insert("refusals", self.refusals.iter().map(|r| text(r.to_string())).collect::<Value>());
        out.insert("phases", self.phases.iter().map(phase_value).collect::<Value>());
        if let Some(phase) = &self.on_failure {
            out.insert("onFailure", phase_value(phase));
        }
        out.insert("deleteOnSuccess", self.cleanup_on_success.iter().map(cleanup_value).collect::<Value>());
        out.insert("deleteOnFailure", self.cleanup_on_failure.iter().map(cleanup_value).collect::<Value>());
        Value::Object(out)
    }
}

fn cleanup_value(cleanup: &Cleanup) -> Value {
    text(cleanup.key.to_string())
}

fn phase_value(phase: &PhasePlan) -> Value {
    [("phase", text(phase.phase.as_str())), ("waves", phase.waves.iter().map(wave_value).collect())]
        .into_iter()
        .collect()
}

fn wave_value(wave: &WavePlan) -> Value {
    let steps = wave.steps.iter().map(|s| s.tasks.iter().map(task_value).collect::<Value>()).collect();
    [("wave", Value::Int(i64::from(wave.wave))), ("gate", Value::Bool(wave.gate)), ("steps", steps)]
        .into_iter()
        .collect()
}

fn task_value(task: &Task) -> Value {
    let mut out = Map::new();
    out.insert("group", text(task.key.group.clone()));
    out.insert("version", text(task.version.clone()));
    out.insert("kind", text(task.key.kind.clone()));
    out.insert("namespace", text(task.key.namespace.clone()));
    out.insert("name", text(task.key.name.clone()));
    out.insert("action", text(task.action.as_str()));
    out.insert("reason", text(task.reason.to_string()));
    if !task.needs.is_empty() {
        out.insert("needs", task.needs.iter().map(|k| text(k.to_string())).collect::<Value>());
    }
    if let Some(hook) = &task.hook {
        out.insert("hook", text(hook.phase.as_str()));
    }
    Value::Object(out)
}
