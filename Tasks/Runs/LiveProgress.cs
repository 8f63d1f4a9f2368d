using System.Collections.Concurrent;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Diffract.Tasks;

/// <summary>Bars on a screen, redrawn a few times a second by Spectre.Console; the work itself never waits for it.
/// </summary>
internal sealed class LiveProgress(Terminal terminal) : IRunProgress
{
    private readonly Lock gate = new();
    private readonly TaskCompletionSource finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<int, Pace> paces = new();
    private Task? drawing;
    private ProgressContext? context;

    public IProgressBar Begin(string title, long total, string unit, long done = 0)
    {
        var pace = new Pace(total, unit, done);
        lock (gate)
        {
            context ??= Start();
            var task = context.AddTask(Markup.Escape(title), maxValue: Math.Max(1, total));
            task.Value = done;
            paces[task.Id] = pace;
            return new Bar(task, pace);
        }
    }

    public void Say(string line) => terminal.ErrorConsole.WriteLine(line);

    public void Dispose()
    {
        finished.TrySetResult();
        drawing?.GetAwaiter().GetResult();
    }

    private ProgressContext Start()
    {
        var ready = new TaskCompletionSource<ProgressContext>(TaskCreationOptions.RunContinuationsAsynchronously);
        drawing = Task.Run(() => terminal.ErrorConsole.Progress()
            .AutoClear(false)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(),
                new PaceColumn(paces))
            .StartAsync(async started =>
            {
                ready.SetResult(started);
                await finished.Task;
            }));
        return ready.Task.GetAwaiter().GetResult();
    }

    private sealed class Bar(ProgressTask task, Pace pace) : IProgressBar
    {
        public void Advance(long amount = 1, string? note = null)
        {
            pace.Advance(amount, note);
            task.Value = pace.Done;
        }

        public void Dispose() => task.StopTask();
    }

    private sealed class PaceColumn(ConcurrentDictionary<int, Pace> paces) : ProgressColumn
    {
        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
        {
            if (!paces.TryGetValue(task.Id, out var pace)) return Text.Empty;
            var parts = new List<string> { pace.RateText };
            if (pace.Remaining is { } left && !task.IsFinished) parts.Add($"{Units.Duration(left)} left");
            if (pace.Note is { } note) parts.Add(note);
            return new Text(string.Join("  ", parts.Where(p => p.Length > 0)));
        }
    }
}
