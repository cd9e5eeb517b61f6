//! How long a build takes in one process, by the number of objects, of patches and of builds at once.
//!
//! `cargo bench -p fairway-kustomize`.
#![expect(clippy::print_stdout, reason = "a benchmark speaks on standard output")]

use fairway_core::MemoryTree;
use fairway_kustomize::{BuildOptions, build};
use std::time::{Duration, Instant};

/// An overlay of a base, with a prefix, labels, an image, a generated ConfigMap that every Deployment mounts, and
/// patches of the first Deployments.
fn overlay(objects: usize, patches: usize) -> MemoryTree {
    let mut files = Vec::new();
    let mut base = String::from("resources:\n");
    for n in 0..objects {
        base.push_str(&format!("- d{n}.yaml\n"));
        files.push((format!("base/d{n}.yaml"), deployment(n)));
    }
    files.push(("base/kustomization.yaml".to_owned(), base));
    let mut top = String::from(
        "resources: [../base]\nnamespace: prod\nnamePrefix: prod-\nlabels:\n- {pairs: {env: prod}, includeSelectors: true}\n\
         images:\n- {name: nginx, newTag: '1.27'}\nconfigMapGenerator:\n- {name: settings, literals: [A=1, B=2]}\n",
    );
    if patches > 0 {
        top.push_str("patches:\n");
    }
    for n in 0..patches {
        top.push_str(&format!(
            "- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {{name: d{n}}}\n    spec:\n      replicas: 3\n      \
             template:\n        spec:\n          containers:\n          - {{name: main, env: [{{name: X, value: \"{n}\"}}]}}\n"
        ));
    }
    files.push(("top/kustomization.yaml".to_owned(), top));
    MemoryTree::new(files).expect("because the paths are clean")
}

fn deployment(n: usize) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d{n}\nspec:\n  replicas: 1\n  selector:\n    matchLabels:\n      app: d{n}\n  \
         template:\n    metadata:\n      labels:\n        app: d{n}\n    spec:\n      containers:\n      - name: main\n        image: nginx:1.0\n        \
         envFrom:\n        - configMapRef:\n            name: settings\n        ports:\n        - containerPort: 80\n"
    )
}

fn main() {
    for objects in [6, 10, 100, 1_000, 10_000] {
        report(&format!("{objects} objects"), objects, &overlay(objects, 0));
    }
    for patches in [10, 100, 1_000] {
        report(&format!("1000 objects, {patches} patches"), 1_000, &overlay(1_000, patches));
    }
    let tree = overlay(100, 10);
    for threads in [1, 2, 4] {
        let each = 40 / threads;
        let start = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| (0..each).for_each(|_| run(&tree)));
            }
        });
        println!("40 builds of 100 objects in {threads} threads: {:.3?}", start.elapsed());
    }
}

fn run(tree: &MemoryTree) {
    let built = build(tree, "top", &BuildOptions::default()).expect("build the overlay");
    std::hint::black_box(built.yaml());
}

fn report(name: &str, objects: usize, tree: &MemoryTree) {
    let time = median(|| run(tree));
    let each = time / u32::try_from(objects).expect("because it is small");
    println!("{name}: {time:.3?}, {each:.3?} each");
}

/// The median of runs over about a second.
fn median(mut run: impl FnMut()) -> Duration {
    let begin = Instant::now();
    let mut times = Vec::new();
    while times.len() < 3 || begin.elapsed() < Duration::from_secs(1) {
        let start = Instant::now();
        run();
        times.push(start.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}
