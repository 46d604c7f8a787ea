"""Results as a picture, drawn by matplotlib."""

from .table import disturbance, three_digits

# Whole programs on the problem of the course, on its machine of 2016 [s].
# Source: the course's slides.
COURSE = {"Fortran": 0.60, "C++": 0.92, "numexpr": 2.0, "NumPy": 6.3, "Python": 337}
COURSE_UPDATES = 299 * 299 * 13_410
COLOURS = {"diff2d": "#b4431e", "other": "#3b6ea5", "ceiling": "#777777", "course": "#bbbbbb"}
BAR_HEIGHT = 0.38
DOTS_PER_INCH = 144


def draw(every_result, ceilings, path):
    """Bars of one size with at most two numbers of threads, else curves over the size or the number of threads."""
    # Importing takes a second, and only --plot needs it.
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    numbers_of_threads = {entry["threads"] for entry in every_result[0]["entries"]}
    if len(every_result) == 1 and len(numbers_of_threads) <= 2:
        figure = bars(pyplot, every_result[0], ceilings)
    else:
        figure = curves(pyplot, every_result, ceilings)
    figure.savefig(path, dpi=DOTS_PER_INCH)


def fastest_rates(results, ceilings):
    """The rates of each program by its number of threads, with its fastest flags, and those of each ceiling."""
    rates = {}
    for entry in results["entries"]:
        by_threads = rates.setdefault(entry["program"], {})
        by_threads[entry["threads"]] = max(entry["updates_per_second"], by_threads.get(entry["threads"], 0.0))
    for ceiling in ceilings:
        for name, _, updates in ceiling.limits():
            rates.setdefault(name, {})[ceiling.threads] = updates
    return rates


def colour(name):
    if name.startswith("diff2d"):
        return COLOURS["diff2d"]
    return COLOURS["ceiling" if name.startswith("ceiling") else "other"]


def bars(pyplot, results, ceilings):
    """A bar for each program and number of threads, beside the figures of the course."""
    rates = fastest_rates(results, ceilings)
    order = sorted(rates, key=lambda name: (not name.startswith("ceiling"), max(rates[name].values())))
    course = {f"{name}, the course in 2016": COURSE_UPDATES / seconds for name, seconds in COURSE.items()}
    names = sorted(course, key=course.get) + order
    figure, axes = pyplot.subplots(figsize=(9, 1.6 + 0.42 * len(names)), layout="constrained")
    for place, name in enumerate(names):
        if name in course:
            draw_bar(axes, place, course[name], 2 * BAR_HEIGHT, COLOURS["course"], 1.0, "")
            continue
        by_threads = sorted(rates[name].items())
        height = 2 * BAR_HEIGHT / len(by_threads)
        for number, (threads, rate) in enumerate(by_threads):
            # More threads are drawn above fewer, and darker.
            offset = (number - (len(by_threads) - 1) / 2) * height
            label = f"  {threads} threads" if threads > 1 else "  1 thread"
            draw_bar(axes, place + offset, rate, height, colour(name), 1.0 if threads > 1 else 0.6, label)
    axes.set_yticks(range(len(names)), names)
    axes.set_xscale("log")
    axes.margins(x=0.15)
    axes.set_xlabel("10⁹ updates a second, logarithmic: longer is faster")
    problem, rounds = results["problem"], max(len(entry["seconds"]["rounds"]) for entry in results["entries"])
    axes.set_title(f"{problem['size']} × {problem['size']} interior nodes, {problem['steps']} steps, f64; the steps alone, "
                   f"median of {rounds} runs\n{results['machine']}{disturbance(results)}", fontsize="small")
    figure.suptitle("Diffusion in two dimensions: updates of a node a second")
    return figure


def draw_bar(axes, place, rate, height, shade, opacity, label):
    axes.barh(place, rate / 1e9, height, color=shade, alpha=opacity)
    axes.annotate(f" {three_digits(rate / 1e9)}{label}", (rate / 1e9, place), va="center", fontsize="x-small")


def curves(pyplot, every_result, ceilings):
    """A curve for each program and ceiling, over the size of the problem or, of one size, over the number of threads."""
    is_over_threads = len(every_result) == 1
    points = {}
    for results in every_result:
        for name, by_threads in fastest_rates(results, ceilings).items():
            if is_over_threads:
                points[name] = sorted(by_threads.items())
            else:
                points.setdefault(name, []).append((results["problem"]["size"], max(by_threads.values())))
    figure, axes = pyplot.subplots(figsize=(9, 6), layout="constrained")
    for name, curve in sorted(points.items(), key=lambda item: -item[1][-1][1]):
        # A program that takes one thread alone has no curve over their number.
        if len(curve) > 1:
            places, rates = zip(*curve)
            is_ceiling = name.startswith("ceiling")
            axes.plot(places, [rate / 1e9 for rate in rates], ":" if is_ceiling else "o-", label=name,
                      linewidth=2.5 if name.startswith("diff2d") else 1.2)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("threads" if is_over_threads else "interior nodes along a side")
    axes.set_ylabel("10⁹ updates a second")
    size = every_result[0]["problem"]["size"]
    title = f"by threads, {size} × {size} interior nodes" if is_over_threads else "by size"
    axes.set_title(f"Updates of a node a second {title}\n{every_result[0]['machine']}", fontsize="small")
    axes.legend(fontsize="x-small", loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
