namespace Diffract.Engine.Sim;

/// <summary>An entry point that is ready to run: every register, number and special register that an instruction reads
/// has a row of 32 lanes, so that all operands are found alike.</summary>
internal sealed class SimProgram
{
    /// <summary>Generic addresses from here on are shared memory.</summary>
    public const ulong SharedWindow = 1UL << 62;

    /// <summary>Generic addresses from here on, below <see cref="SharedWindow"/>, are a thread's own memory.</summary>
    public const ulong LocalWindow = 1UL << 61;

    /// <summary>Generic addresses from here on, below <see cref="LocalWindow"/>, are arguments.</summary>
    public const ulong ParameterWindow = 1UL << 60;

    private readonly Dictionary<string, int> rows = [];
    private readonly List<(int Row, ulong Value)> numbers = [];
    private readonly List<(int Row, Func<SimWarp, int, ulong> Value)> specials = [];
    private readonly Dictionary<string, ulong> variables = [];

    // Rows of the registers that the statement at hand reads or writes.
    private readonly HashSet<int> touched = [];
    private readonly PtxKernel kernel;

    private readonly bool hasProducts;

    private SimProgram(PtxKernel kernel)
    {
        this.kernel = kernel;
        hasProducts = kernel.Statements.Any(s => s.Operation == "wgmma");
        MbarrierSlots = kernel.Statements.Any(s => s.Operation == "mbarrier") ? SimMbarrier.Slots : 0;
        foreach (var variable in kernel.Shared)
        {
            variables[variable.Name] = (ulong)variable.Offset;
            SharedBytes = Math.Max(SharedBytes, variable.Offset + variable.Bytes);
        }
        // What the launch adds begins behind what the text declares.
        SharedBytes = (SharedBytes + 1023) / 1024 * 1024;
        foreach (var variable in kernel.Shared)
            if (variable.Bytes == 0) variables[variable.Name] = (ulong)SharedBytes;
        foreach (var variable in kernel.Local)
        {
            variables[variable.Name] = (ulong)variable.Offset;
            LocalBytes = Math.Max(LocalBytes, variable.Offset + variable.Bytes);
        }
        foreach (var parameter in kernel.Parameters) variables[parameter.Name] = (ulong)parameter.Offset;
    }

    /// <summary>The entry's name.</summary>
    public string Name => kernel.Name;

    /// <summary>Rows of 32 lanes.</summary>
    public int Rows => rows.Count;

    /// <summary>Shared memory that the text declares.</summary>
    public int SharedBytes { get; private set; }

    /// <summary>A thread's own memory.</summary>
    public int LocalBytes { get; private set; }

    /// <summary>Bytes of the arguments.</summary>
    public int ParameterBytes => kernel.ParameterBytes;

    /// <summary>Where each argument lies.</summary>
    public IReadOnlyList<PtxVariable> Parameters => kernel.Parameters;

    /// <summary>Most threads of a block.</summary>
    public int MaxThreads => kernel.MaxThreads;

    /// <summary>Places for mbarriers in a warp's clocks.</summary>
    public int MbarrierSlots { get; }

    /// <summary>What the text's target has of compute capability 9.0: 0 nothing, 1 what later ones have too, 2 what it
    /// has alone.</summary>
    public int Target90 => kernel.Target == "sm_90a" ? 2 : kernel.Target == "sm_90" ? 1 : 0;

    /// <summary>Registers a thread has at first, as the text lets an assembler give it.</summary>
    public int MaxRegisters => kernel.MaxRegisters;

    /// <summary>What runs, in the text's order.</summary>
    public IReadOnlyList<SimInstruction> Instructions { get; private set; } = [];

    /// <summary>Reads a module's text.</summary>
    /// <exception cref="SimException">It has an instruction that is not known.</exception>
    public static SimProgram Load(string text)
    {
        var kernel = PtxParser.Parse(text);
        var program = new SimProgram(kernel);
        var decoder = new SimDecoder(program);
        program.Instructions = ControlFlow.WithMeetings([.. kernel.Statements.Select(program.Decode(decoder))]);
        return program;
    }

    /// <summary>32 times the row that an operand is read from.</summary>
    public int Source(PtxOperand operand, PtxStatement statement)
    {
        var name = operand.Text;
        if (kernel.Registers.Contains(name)) return Touched(Row(name));
        var key = "#" + name;
        if (rows.TryGetValue(key, out var known)) return known * SimWarp.Lanes;
        if (operand.TryNumber(out var number)) numbers.Add((rows.Count, number));
        else if (variables.TryGetValue(name, out var address)) numbers.Add((rows.Count, address));
        else if (SpecialRegisters.Find(name) is { } special) specials.Add((rows.Count, special));
        else throw new SimException($"'{name}' in '{statement.Text}' is neither a register nor a number");
        return Row(key);
    }

    /// <summary>32 times the row that an operand is written to.</summary>
    public int Target(PtxOperand operand, PtxStatement statement)
    {
        if (operand.Text == "_") return Row("#sink");
        if (kernel.Registers.Contains(operand.Text)) return Touched(Row(operand.Text));
        throw new SimException($"'{operand.Text}' in '{statement.Text}' is no register");
    }

    private int Touched(int row)
    {
        touched.Add(row);
        return row;
    }

    /// <summary>Writes what does not change into a warp's rows.</summary>
    public void FillRegisters(SimWarp warp)
    {
        Array.Clear(warp.Registers);
        foreach (var (row, value) in numbers) warp.Registers.AsSpan(row * SimWarp.Lanes, SimWarp.Lanes).Fill(value);
        foreach (var (row, value) in specials)
            for (var l = 0; l < SimWarp.Lanes; l++) warp.Registers[row * SimWarp.Lanes + l] = value(warp, l);
    }

    private int Row(string key)
    {
        if (!rows.TryGetValue(key, out var row)) rows[key] = row = rows.Count;
        return row * SimWarp.Lanes;
    }

    private Func<PtxStatement, SimInstruction> Decode(SimDecoder decoder) => statement =>
    {
        var kind = statement.Operation switch
        {
            "bra" => SimKind.Branch,
            "brx" => SimKind.Indexed,
            "ret" or "exit" => SimKind.Exit,
            _ => SimKind.Plain,
        };
        touched.Clear();
        var run = kind == SimKind.Plain ? decoder.Decode(statement) : Nothing;
        if (kind == SimKind.Plain && hasProducts && statement.Operation != "wgmma") run = Watched(run, [.. touched]);
        return new SimInstruction(statement.Text, kind, run)
        {
            Guard = statement.Guard is { } guard ? Row(guard) : -1,
            GuardNegated = statement.GuardNegated,
            Choice = kind == SimKind.Indexed ? Source(statement.Operands[0], statement) : 0,
            IsUniform = statement.Has("uni"),
            Targets = kind switch
            {
                SimKind.Branch => [Label(statement.Operands[0].Text)],
                SimKind.Indexed => [.. kernel.BranchTables[statement.Operands[1].Text].Select(Label)],
                _ => [],
            },
        };
    };

    // Where matrix products run by themselves, every other instruction is asked whether it touches their registers.
    private static Action<SimWarp, uint> Watched(Action<SimWarp, uint> run, int[] rows) => (warp, lanes) =>
    {
        warp.Products.Touch(rows);
        run(warp, lanes);
    };

    private int Label(string name) => kernel.Labels.TryGetValue(name, out var at)
        ? at : throw new SimException($"{Name}: there is no label '{name}'");

    private static void Nothing(SimWarp warp, uint lanes) { }
}
