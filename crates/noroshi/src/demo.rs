//! placeholder
pub(crate) fn run(
    _: noroshi_node::messages::Lang,
    _: &crate::cli::DemoOptions,
) -> Result<(), noroshi_node::Failure> {
    Ok(())
}
