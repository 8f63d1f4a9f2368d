namespace Diffract.Engine.Sim;

/// <summary>What a warp waits for.</summary>
internal enum SimWait
{
    Nothing,
    Barrier,

    /// <summary>Something else; see <see cref="SimWarp.Pause"/>.</summary>
    Pause,
    Exit,
}

/// <summary>Thirty-two threads that take instructions together. Where they part, a stack of paths remembers who goes
/// where and at which instruction they meet again: the first that all paths must reach.</summary>
internal sealed partial class SimWarp
{
    /// <summary>Threads of a warp.</summary>
    public const int Lanes = 32;

    private readonly List<Path> paths = [];

    public SimWarp(SimProgram program, SimBlock block, int index)
    {
        (Program, Block, Index) = (program, block, index);
        Registers = new ulong[program.Rows * Lanes];
        Clock = new int[block.WarpCount + program.MbarrierSlots];
        Fenced = new int[Clock.Length];
        Told = new int[Clock.Length];
        Products = new SimProducts(this);
    }

    /// <summary>What it runs.</summary>
    public SimProgram Program { get; }

    /// <summary>The block it belongs to.</summary>
    public SimBlock Block { get; }

    /// <summary>Its number in the block.</summary>
    public int Index { get; }

    /// <summary>Every register's value in every lane: lane l of row r at 32 r + l.</summary>
    public ulong[] Registers { get; }

    /// <summary>Lanes that exist and have not left the kernel.</summary>
    public uint Present { get; private set; }

    /// <summary>Lanes that take the current instruction.</summary>
    public uint Active { get; private set; }

    /// <summary>What is known of every warp's progress, this one's included.</summary>
    public int[] Clock { get; }

    /// <summary>The time that this warp's accesses are stamped with.</summary>
    public int Now => Clock[Index];

    /// <summary>What it waits for.</summary>
    public SimWait Waits { get; private set; }

    /// <summary>The barrier it waits at.</summary>
    public int Barrier { get; private set; }

    /// <summary>Threads the barrier waits for; 0 for all of the block.</summary>
    public int BarrierThreads { get; private set; }

    /// <summary>The instruction it takes.</summary>
    public string Instruction { get; private set; } = "";

    /// <summary>Every lane's own memory.</summary>
    public byte[] Local { get; private set; } = [];

    /// <summary>Which of its bytes were written.</summary>
    public bool[] LocalWritten { get; private set; } = [];

    /// <summary>Copies under way, by lane.</summary>
    public SimCopies Copies { get; } = new();

    /// <summary>Stands before the first instruction, at time <paramref name="clock"/>.</summary>
    public void Start(int threads, int clock)
    {
        Present = threads >= Lanes ? uint.MaxValue : (1u << threads) - 1;
        Array.Fill(Clock, clock);
        StartAsync();
        Clock[Index]++;
        Waits = SimWait.Nothing;
        paths.Clear();
        paths.Add(new Path(0, int.MaxValue, Present));
        Copies.Clear();
        if (Program.LocalBytes > 0)
        {
            Local = new byte[Program.LocalBytes * Lanes];
            LocalWritten = new bool[Program.LocalBytes * Lanes];
        }
        Program.FillRegisters(this);
    }

    /// <summary>Runs until it waits or has left, at most <paramref name="steps"/> instructions.</summary>
    public void Run(int steps)
    {
        while (steps > 0 && Waits == SimWait.Nothing)
        {
            var path = paths.Count == 0 ? default : paths[^1];
            if (paths.Count == 0) Leave();
            else if (path.At == path.Until || (path.Lanes & Present) == 0) paths.RemoveAt(paths.Count - 1);
            else if (path.At >= Program.Instructions.Count) Exit(path.Lanes);
            else
            {
                steps--;
                Step(path.At, path.Lanes & Present);
            }
        }
    }

    /// <summary>Goes on after a barrier that made known what others know and what they have fenced.</summary>
    public void Release(int[] known, int[] fenced)
    {
        known.CopyTo(Clock, 0);
        fenced.CopyTo(Fenced, 0);
        Clock[Index]++;
        Waits = SimWait.Nothing;
    }

    /// <summary>Throws where an instruction needs the whole warp and has a part of it.</summary>
    public void NeedWhole(string name)
    {
        if (Active != Present)
            throw new SimException($"{name} needs the whole warp, and lanes {Active:x8} of {Present:x8} have come");
    }

    /// <summary>Waits at a barrier of the block.</summary>
    public void WaitAt(int barrier, int threads)
    {
        NeedWhole("a barrier");
        (Waits, Barrier, BarrierThreads) = (SimWait.Barrier, barrier, threads);
    }

    private void Step(int at, uint lanes)
    {
        var instruction = Program.Instructions[at];
        var active = lanes;
        if (instruction.Guard >= 0)
        {
            active = 0;
            for (var l = 0; l < Lanes; l++)
                if ((lanes >> l & 1) != 0 && (Registers[instruction.Guard + l] != 0) != instruction.GuardNegated)
                    active |= 1u << l;
        }
        Active = active;
        Instruction = instruction.Text;
        try
        {
            switch (instruction.Kind)
            {
                case SimKind.Branch: Branch(instruction, at, lanes, active); break;
                case SimKind.Exit:
                    MoveTo(at + 1);
                    Exit(active);
                    break;
                case SimKind.Indexed: Choose(instruction, lanes); break;
                default:
                    MoveTo(at + 1);
                    if (active != 0) instruction.Run(this, active);
                    break;
            }
        }
        catch (SimException e)
        {
            throw new SimException($"{Program.Name}, block {Block.Position}, warp {Index}, in '{instruction.Text}': "
                + e.Message, e);
        }
    }

    private void Branch(SimInstruction instruction, int at, uint lanes, uint taken)
    {
        if (taken == lanes) MoveTo(instruction.Targets[0]);
        else if (taken == 0) MoveTo(at + 1);
        else if (instruction.IsUniform)
            throw new SimException($"lanes {taken:x8} of {lanes:x8} branch, and .uni promises that all or none do");
        else
        {
            MoveTo(instruction.Meeting);
            Part(at + 1, instruction.Meeting, lanes & ~taken);
            Part(instruction.Targets[0], instruction.Meeting, taken);
        }
    }

    private void Choose(SimInstruction instruction, uint lanes)
    {
        var left = lanes;
        var ways = new List<(int Target, uint Lanes)>();
        while (left != 0)
        {
            var index = Registers[instruction.Choice + System.Numerics.BitOperations.TrailingZeroCount(left)];
            if (index >= (ulong)instruction.Targets.Length)
                throw new SimException($"an indexed branch takes way {index} of {instruction.Targets.Length}");
            uint same = 0;
            for (var l = 0; l < Lanes; l++)
                if ((left >> l & 1) != 0 && Registers[instruction.Choice + l] == index) same |= 1u << l;
            ways.Add((instruction.Targets[index], same));
            left &= ~same;
        }
        if (ways.Count == 1)
        {
            MoveTo(ways[0].Target);
            return;
        }
        if (instruction.IsUniform)
            throw new SimException("lanes take several ways, and .uni promises that they do not");
        MoveTo(instruction.Meeting);
        foreach (var (target, some) in ways) Part(target, instruction.Meeting, some);
    }

    private void MoveTo(int at) => paths[^1] = paths[^1] with { At = at };

    private void Part(int at, int meeting, uint lanes)
    {
        if (at != meeting) paths.Add(new Path(at, meeting, lanes));
    }

    private void Exit(uint lanes)
    {
        Present &= ~lanes;
        if (Present == 0) Leave();
    }

    private void Leave()
    {
        NeedNothingUnderWay();
        Waits = SimWait.Exit;
    }

    // Some lanes at an instruction, until they meet the others.
    private readonly record struct Path(int At, int Until, uint Lanes);
}
