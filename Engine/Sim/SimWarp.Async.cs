namespace Diffract.Engine.Sim;

/// <summary>Why a warp has paused in an instruction.</summary>
/// <param name="Text">The instruction.</param>
/// <param name="What">What it waits for, for messages.</param>
/// <param name="IsOver">True once it need wait no longer.</param>
/// <param name="Then">What it does once that is so; null for nothing.</param>
/// <param name="CanGiveUp">True when it may go on before that: it has been told to look again.</param>
internal sealed record SimPause(string Text, Func<string> What, Func<bool> IsOver, Action? Then, bool CanGiveUp);

/// <summary>What a warp has under way, and its waiting for it.</summary>
internal sealed partial class SimWarp
{
    /// <summary>Of every warp's progress, what is known to be fenced for asynchronous operations.</summary>
    public int[] Fenced { get; }

    /// <summary>By mbarrier, the clock of the last phase of which it has been told, truly or not, whether it is over.
    /// </summary>
    public int[] Told { get; }

    /// <summary>Bulk copies out of shared memory under way, by lane.</summary>
    public SimBulkCopies BulkCopies { get; } = new();

    /// <summary>Matrix products under way.</summary>
    public SimProducts Products { get; }

    /// <summary>Why it has paused; null when it has not.</summary>
    public SimPause? Pause { get; private set; }

    /// <summary>How often it has arrived at the cluster's barrier, and waited there.</summary>
    public (int Arrivals, int Waits) Cluster { get; set; }

    /// <summary>Registers of a thread, as <c>setmaxnreg</c> has left them.</summary>
    public int MaxRegisters { get; set; }

    /// <summary>Takes over what is later in another's clocks.</summary>
    public static void Merge(int[] into, int[] from)
    {
        for (var i = 0; i < into.Length; i++) if (from[i] > into[i]) into[i] = from[i];
    }

    /// <summary>What it does from here on is later than what it has told others.</summary>
    public void Tick() => Clock[Index]++;

    /// <summary>All that it knows to have been done is seen by asynchronous operations from here on.</summary>
    public void FenceAsync()
    {
        Merge(Fenced, Clock);
        Tick();
        Block.Mbarriers.Fence(this);
    }

    /// <summary>Pauses behind the current instruction.</summary>
    public void WaitUntil(Func<string> what, Func<bool> isOver, Action? then = null, bool canGiveUp = false)
    {
        if (isOver())
        {
            then?.Invoke();
            return;
        }
        Pause = new SimPause(Instruction, what, isOver, then, canGiveUp);
        Waits = SimWait.Pause;
    }

    /// <summary>Goes on, when what it has paused for is there or <paramref name="givesUp"/> and it can.</summary>
    public bool Resume(bool givesUp)
    {
        if (Waits != SimWait.Pause) return false;
        var isOver = Pause!.IsOver();
        if (!isOver && !(givesUp && Pause.CanGiveUp)) return false;
        if (isOver) Pause.Then?.Invoke();
        (Waits, Pause) = (SimWait.Nothing, null);
        return true;
    }

    private void StartAsync()
    {
        Array.Clear(Clock, Block.WarpCount, Clock.Length - Block.WarpCount);
        Clock.CopyTo(Fenced.AsSpan());
        Array.Clear(Told);
        BulkCopies.Clear();
        Products.Clear();
        (Pause, Cluster, MaxRegisters) = (null, default, Program.MaxRegisters);
    }

    private void NeedNothingUnderWay()
    {
        var left = Copies.Any ? "asynchronous copies have come"
            : BulkCopies.Any ? "bulk copies have read their shared memory"
            : Products.Any ? "matrix products are waited for" : null;
        if (left is not null)
            throw new SimException($"{Program.Name}, block {Block.Position}, warp {Index}: it ends before its {left}");
    }
}
