using Diffract.Benchmarks.Worker;

namespace Diffract.Benchmarks.Baseline;

/// <summary>A kernel whose time is watched.</summary>
/// <param name="Name">Its name in the baseline file.</param>
/// <param name="Reference">What its time is divided by.</param>
/// <param name="Prepare">Makes its operands.</param>
internal sealed record Kernel(string Name, Reference Reference, Func<Work> Prepare)
{
    /// <summary>All of them: the shapes of the U-Nets, small enough for all to take a minute or two.</summary>
    public static IReadOnlyList<Kernel> All { get; } =
    [
        Case("gemm_1024"), Case("conv3_64_64_256"), Case("conv3_256_256_64"), Case("conv3_512_512_16"),
        Case("conv3_512_512_8"), Case("conv1_256_256_64"), Case("gnsilu_256_128", Reference.Memory),
        Case("attn_512_32"),
        new("conv3_input_gradient", Reference.Arithmetic, () => new GradientWork(ofWeight: false)),
        new("conv3_weight_gradient", Reference.Arithmetic, () => new GradientWork(ofWeight: true)),
        new("adamw", Reference.Memory, () => new OptimiserWork()),
        new("unet_64", Reference.Arithmetic, () => new NetworkWork()),
        Case("pretrain_step"),
    ];

    private static Kernel Case(string name, Reference reference = Reference.Arithmetic) =>
        new(name, reference, () => new CaseWork(PeerCase.Find(name, WorkerMode.Fast)
            ?? throw new InvalidOperationException($"the worker has no case '{name}'")));
}
