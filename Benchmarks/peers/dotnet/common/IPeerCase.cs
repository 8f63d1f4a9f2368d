namespace Diffract.Peers;

/// <summary>A piece of work that is prepared.</summary>
internal interface IPeerCase : IDisposable
{
    /// <summary>What comes out of it: equal in all workers, up to rounding.</summary>
    double[] Check();

    /// <summary>What is timed.</summary>
    void Run();
}
