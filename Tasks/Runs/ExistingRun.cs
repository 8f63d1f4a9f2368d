namespace Diffract.Tasks;

/// <summary>What to do when a run folder of the wanted name exists. Nothing is ever overwritten.</summary>
public enum ExistingRun
{
    /// <summary>An error that says how to go on.</summary>
    Refuse,

    /// <summary>The first free name of <c>name-2</c>, <c>name-3</c>, …</summary>
    Number,
}
