# Diffusion in Julia: the loops of the C++ program, compiled on the fly, columns shared by threads.
# Arguments: D x1 x2 dx steps final_file ("-" writes none). The first index runs along x.

using Printf

function initial(x1, x2, dx, n)
    start, stop = x1 - dx, x2 + dx
    node(i) = i == n - 1 ? stop : i * ((stop - start) / (n - 1)) + start
    middle = (x1 + x2) / 2
    peak(i) = 1 - abs(1 - 4 * abs((node(i) - middle) / (x2 - x1)))
    p = zeros(n, n)
    for j in 1:n-2, i in 1:n-2
        p[i+1, j+1] = peak(j) * peak(i)
    end
    return p
end

function step!(next, p, r)
    n = size(p, 1)
    Threads.@threads for j in 2:n-1
        @inbounds for i in 2:n-1
            lapl = p[i, j+1] + p[i, j-1] + p[i+1, j] + p[i-1, j] - 4 * p[i, j]
            next[i, j] = p[i, j] + r * lapl
        end
    end
end

function advance(p, next, r, nsteps)
    for _ in 1:nsteps
        step!(next, p, r)
        p, next = next, p
    end
    return p
end

function main()
    if length(ARGS) != 6
        println(stderr, "usage: diff2d_julia.jl D x1 x2 dx steps final_file")
        exit(2)
    end
    D, x1, x2, wanted = parse.(Float64, ARGS[1:4])
    nsteps, final_file = parse(Int, ARGS[5]), ARGS[6]
    nrows = trunc(Int, (x2 - x1) / wanted)
    dx = (x2 - x1) / nrows
    dt = 0.25 * dx * dx / D
    r = (D / (dx * dx)) * dt
    p = initial(x1, x2, dx, nrows + 2)
    next = copy(p)
    step!(copy(p), p, r)  # compiles
    advance(p, next, r, 0)

    start = time_ns()
    p = advance(p, next, r, nsteps)
    seconds = (time_ns() - start) / 1e9
    @printf("nodes=%d\nsteps=%d\nthreads=%d\nseconds=%.9f\n", nrows + 2, nsteps, Threads.nthreads(), seconds)
    final_file == "-" || write(final_file, p)
end

main()
