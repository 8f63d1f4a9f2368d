using Diffract.Benchmarks.Worker;

namespace Diffract.Benchmarks.Baseline;

/// <summary>A case of the comparison with other libraries.</summary>
internal sealed class CaseWork(PeerCase work) : Work
{
    public override double Seconds() => Time(work.Run);

    public override void Dispose() => work.Dispose();
}
