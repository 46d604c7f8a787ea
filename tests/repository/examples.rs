//! The examples of the library run to their end.

#[path = "../../examples/durable_run.rs"]
mod durable_run;
#[path = "../../examples/foreign_array.rs"]
mod foreign_array;
#[path = "../../examples/in_memory.rs"]
mod in_memory;

#[test]
fn a_problem_is_solved_in_memory() {
    in_memory::main().unwrap();
}

#[test]
fn a_run_is_stopped_resumed_and_verified() {
    durable_run::main().unwrap();
}

#[test]
fn an_array_of_another_program_is_analysed() {
    foreign_array::main().unwrap();
}

#[test]
fn a_cube_is_read_with_numpy_alone() {
    let scene = crate::common::Scene::new();
    let keys = "D = 1\nx1 = -2\nx2 = 3\ny1 = 0\ny2 = 2\ndx = 0.25\nruntime = 0.3\nouttime = 0.1\n";
    for grid in ["slides", "files", "walls"] {
        scene.write("p.toml", format!("{keys}grid = \"{grid}\"\n"));
        scene.succeed("run p.toml -o c.npy --force");
        let cube = scene.path("c.npy").display().to_string();
        let read = crate::common::python("../examples/read_cube.py", [&cube]);
        assert!(read.lines().count() > 3, "{read}");
        for (number, line) in read.lines().enumerate() {
            let select = format!("stats c.npy --select {number}:{}", number + 1);
            let told = scene.succeed(&select).stdout;
            let (largest, place) = line.split_once(" at ").unwrap();
            let largest = largest.trim_start_matches("max ");
            assert!(
                told.contains(&format!("max    {largest}\n")),
                "{grid}: {line}\n{told}"
            );
            let told = told.lines().last().unwrap();
            assert!(told.ends_with(place), "{grid}: {line}\n{told}");
        }
    }
}
