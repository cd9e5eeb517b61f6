//! The `fairway` binary: joins the shells to the ports.

fn main() -> anyhow::Result<()> {
    anyhow::bail!("nothing is joined yet")
}
