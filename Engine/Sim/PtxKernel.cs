namespace Diffract.Engine.Sim;

/// <summary>A variable that the text declares in a state space.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Offset">First byte, counted from the start of the space's own memory.</param>
/// <param name="Bytes">Length; 0 for shared memory whose length the launch gives.</param>
internal readonly record struct PtxVariable(string Name, int Offset, int Bytes);

/// <summary>An entry point as the text has it.</summary>
/// <param name="Name">The entry's name.</param>
/// <param name="Parameters">Where each parameter lies in the block of arguments.</param>
/// <param name="Registers">Every register's name; names of inner blocks carry the block's number.</param>
/// <param name="Shared">Variables in shared memory.</param>
/// <param name="Local">Variables in a thread's own memory.</param>
/// <param name="Statements">The instructions, in order.</param>
/// <param name="Labels">The instruction that each label stands before.</param>
/// <param name="BranchTables">Labels that an indexed branch chooses from, by the table's name.</param>
/// <param name="MaxThreads">Most threads a block may have (<c>.maxntid</c>); 1024 where the text does not say.</param>
internal sealed record PtxKernel(
    string Name,
    IReadOnlyList<PtxVariable> Parameters,
    IReadOnlySet<string> Registers,
    IReadOnlyList<PtxVariable> Shared,
    IReadOnlyList<PtxVariable> Local,
    IReadOnlyList<PtxStatement> Statements,
    IReadOnlyDictionary<string, int> Labels,
    IReadOnlyDictionary<string, IReadOnlyList<string>> BranchTables,
    int MaxThreads)
{
    /// <summary>The architecture that the text is for (<c>.target</c>).</summary>
    public string Target { get; init; } = "";

    /// <summary>Registers of a thread (<c>.maxnreg</c>); where the text does not say, what divides a multiprocessor's
    /// among the most threads.</summary>
    public int MaxRegisters { get; init; } = 255;

    /// <summary>Bytes of the arguments.</summary>
    public int ParameterBytes => Parameters.Count == 0 ? 0 : Parameters[^1].Offset + Parameters[^1].Bytes;
}
