//! One play: a world, engines that come and go in it, and the end.

use crate::git::SimGit;
use crate::log::Log;
use crate::model::SECRET;
use crate::world::Shared;
use crate::{api, checks, script};
use fairway_controller::{Engine, EngineOptions, Ports};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long things happen.
const TROUBLE_SECS: i64 = 200;
/// How long after that everything has to be as it is wanted: the longest back-off is three minutes.
const SETTLE_SECS: i64 = 1500;
/// How long nothing is written once it is.
const QUIET_SECS: i64 = 60;

/// How a play went.
pub struct Outcome {
    pub wrong: Vec<String>,
    pub course: Vec<String>,
}

/// Plays one seed.
pub fn play(seed: u64) -> Outcome {
    let (world, log) = (Shared::new(seed), Log::default());
    let guard = log.listen();
    script::begin(&mut world.lock());
    world.lock().faults.on = true;
    while !incarnation(&world) {
        let mut locked = world.lock();
        locked.watches.clear();
        locked.git.mirror = None;
        let pause = Duration::from_millis(locked.chance.roll(30_000));
        locked.clock.pass(pause);
        locked.note("the engine starts again".to_owned());
    }
    let mut world = world.lock();
    let mut wrong = std::mem::take(&mut world.checks.violations);
    wrong.extend(checks::settled(&mut world));
    let text = log.text();
    drop(guard);
    if SECRET.iter().any(|s| text.contains(s)) {
        wrong.push("a secret is in the log".to_owned());
    }
    for app in world.list("/apis/argoproj.io/v1alpha1/applications") {
        if SECRET.iter().any(|s| app.to_string().contains(s)) {
            wrong.push("a secret is in an Application".to_owned());
        }
    }
    let mut course = std::mem::take(&mut world.log);
    if !wrong.is_empty() {
        for path in [
            "/apis/apps/v1/deployments",
            "/apis/apps/v1/replicasets",
            "/api/v1/pods",
            "/apis/batch/v1/jobs",
            "/apis/sim.example/v1/widgets",
        ] {
            course.extend(world.list(path).iter().map(|o| format!("in the end: {o}")));
        }
    }
    course.push(text);
    Outcome { wrong, course }
}

/// Runs an engine until it is killed or all is over; returns which.
fn incarnation(world: &Shared) -> bool {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let over = runtime.block_on(async {
        world.lock().clock.start();
        let options = EngineOptions { workers: 4, ..EngineOptions::new("unused") };
        let ports = Ports {
            home: api::client(world.clone()),
            repositories: Arc::new(SimGit(world.clone())),
            clock: world.lock().clock.clone(),
        };
        let (engine, wiring) = Engine::over(ports, options);
        tokio::spawn(engine.clone().run(wiring));
        tokio::spawn(time_passes(world.clone()));
        let over = tokio::select! {
            biased;
            () = world.crashed() => false,
            () = course(world, &engine) => true,
        };
        world.lock().clock.stop();
        over
    });
    // Everything ends where it is.
    drop(runtime);
    over
}

/// Lets the cluster's own controllers and watches go on.
async fn time_passes(world: Shared) {
    loop {
        let due = world.lock().tick();
        let lag = if world.lock().faults.on { world.lock().chance.roll(700) } else { 100 };
        let wait =
            due.unwrap_or(Duration::from_secs(1)).clamp(Duration::from_millis(50), Duration::from_secs(1));
        tokio::time::sleep(wait + Duration::from_millis(lag)).await;
    }
}

/// What happens while an engine runs.
async fn course(world: &Shared, engine: &Arc<Engine>) {
    loop {
        let secs = world.lock().clock.secs();
        if secs >= TROUBLE_SECS {
            break;
        }
        let wait = world.lock().chance.roll(14_000);
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let told = script::act(&mut world.lock());
        if told {
            let engine = engine.clone();
            tokio::spawn(async move { engine.repository_changed(&script::pushed()).await });
        }
    }
    {
        let mut world = world.lock();
        if world.faults.on {
            script::mend(&mut world);
        }
    }
    engine.repository_changed(&script::pushed()).await;
    let until = Instant::now() + Duration::from_secs(u64::try_from(SETTLE_SECS).unwrap());
    loop {
        tokio::time::sleep(Duration::from_secs(15)).await;
        let mut world = world.lock();
        script::nudge(&mut world);
        let quiet = world.clock.micros() - world.wrote_at > QUIET_SECS * 1_000_000;
        if Instant::now() > until || (quiet && checks::settled(&mut world).is_empty()) {
            if !quiet {
                checks::violate(&mut world, "it does not come to rest".to_owned());
            }
            return;
        }
    }
}
