//! Problems at random.

use proptest::prelude::*;

/// A problem with any walls, material, capacity, decay and source.
pub fn problems() -> impl Strategy<Value = String> {
    let wall = || {
        prop::sample::select(vec![
            "0.0",
            "1.5",
            "\"sin(x+y)\"",
            "\"sin(50*t+x)\"",
            "{flux = 0.0}",
            "{flux = \"1+x*y+t\"}",
            "{robin = [1.0, 2.0, 0.5]}",
            "{robin = [\"1+x\", 1.0, \"sin(t*90)\"]}",
            "\"f(t) + y\"",
            "{robin = [\"1+x\", 1.0, \"f(t/2 + x)\"]}",
        ])
    };
    let material = prop::sample::select(vec![
        "D = 1.0",
        "D = 1.0",
        "Dx = 1.0\nDy = 0.5",
        "D = \"1 + 0.5*sin(3*x)*cos(y)\"",
        "D = \"(1 + 0.5*sin(3*x)*cos(y))*exp(-90*t)\"",
    ]);
    let storage = prop::sample::select(vec![
        "",
        "",
        "capacity = 0.9\ndecay = 3.0\n",
        "capacity = \"1 + 0.2*sin(4*x)*y\"\n",
        "decay = \"2 + x*y\"\n",
        "decay = \"2*f(t) + 3\"\n",
        "capacity = \"where(x > 0.4, 1, 0.7)\"\ndecay = \"9*y\"\n",
    ]);
    let material = (material, storage).prop_map(|(one, other)| format!("{one}\n{other}"));
    let source = prop::sample::select(vec![
        "0.0",
        "0.0",
        "0.3",
        "\"sin(x)+y\"",
        "\"sin(x+t*100)\"",
        "\"x*sin(t*100) + y*cos(t*90) - 2\"",
        "\"x*f(3*t) - f(x)*y\"",
    ]);
    let initial = prop::sample::select(vec![
        "kind = \"peaks\"",
        "kind = \"gaussian\"\nsigma = 0.2",
        "kind = \"expression\"\nvalue = \"sin(x)*cos(3*y)\"",
    ]);
    let precision = prop::sample::select(vec!["f64", "f64", "f32"]);
    // Stages of a step of RKL2; 0 for Euler's.
    let method = (prop::sample::select(vec![0_u32, 0, 3, 7]), any::<bool>());
    let sizes = (40_usize..120, 60_usize..260, 3_u32..60, 1_u32..4);
    let is_round = prop::bool::weighted(0.25);
    let walls = (
        any::<[bool; 2]>(),
        [wall(), wall(), wall(), wall()],
        is_round,
    );
    (material, source, initial, precision, method, sizes, walls).prop_map(
        |(
            material,
            source,
            initial,
            precision,
            (stages, shorter),
            (nx, ny, nper, count),
            walls,
        )| {
            let ([along_x, along_y], mut sides, is_round) = walls;
            let periodic = [along_x && !is_round, along_y];
            let mut grid = "grid = \"walls\"";
            if is_round {
                grid = "grid = \"walls\"\ncoordinates = \"axisymmetric\"";
                sides[0] = "\"insulated\"";
            }
            let names = ["left", "right", "bottom", "top"];
            let boundary: Vec<String> = (0..4)
                .map(|side| match periodic[side / 2] {
                    true => format!("{} = \"periodic\"\n", names[side]),
                    false => format!("{} = {}\n", names[side], sides[side]),
                })
                .collect();
            let (time, step) = match (stages, shorter) {
                (0, false) => (String::new(), 0.2),
                (0, true) => ("safety = 0.9\n".to_owned(), 0.2),
                (stages, _) => {
                    let times = f64::from(stages * stages + stages - 2) / 4.0;
                    (
                        format!("method = \"rkl2\"\nstages = {stages}\n"),
                        0.2 * times,
                    )
                }
            };
            let dt = step / (nx * nx) as f64;
            format!(
                "x1 = 0\nx2 = 1\ndx = {}\ny1 = 0\ny2 = {}\n{grid}\n{material}\n\
                 source = {source}\nprecision = \"{precision}\"\n{time}\
                 runtime = {}\nouttime = {}\n[initial]\n{initial}\n[boundary]\n{}\n\
                 [function.f]\npoints = [[0, 1], [1e-4, 3], [0.01, -1]]\nbeyond = \"hold\"\n",
                1.000_000_1 / nx as f64,
                ny as f64 / nx as f64,
                dt * f64::from(nper * count),
                dt * f64::from(nper),
                boundary.concat(),
            )
        },
    )
}
