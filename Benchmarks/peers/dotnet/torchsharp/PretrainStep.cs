using TorchSharp;
using static TorchSharp.torch;

namespace Diffract.Peers;

/// <summary>Pretraining on 32 images of 32 x 32: hybrid loss, gradients, AdamW, moving average.</summary>
internal sealed class PretrainStep : TrainingStep
{
    private const int Batch = 32, Size = 32;

    private readonly Settings settings;
    private readonly Adm network;
    private readonly Diffusion diffusion = new();
    private readonly Dictionary<string, Tensor> averages;
    private readonly Tensor x;

    public PretrainStep(Settings settings) : base(ParameterShapes.Of(Plan.Small32, 0), settings)
    {
        network = new Adm(Plan.Small32, Parameters, 0, settings);
        averages = Parameters.ToDictionary(p => p.Key, p => p.Value.detach().clone().DetachFromDisposeScope());
        this.settings = settings;
        x = settings.Data("x", Batch, 3, Size, Size).div_(Math.Sqrt(3));
    }

    public override void Dispose()
    {
        base.Dispose();
        x.Dispose();
        foreach (var average in averages.Values) average.Dispose();
    }

    protected override Tensor Loss(bool check)
    {
        if (!check) return diffusion.Losses(network, x, randint(0, 1000, [Batch]), randn_like(x)).mean();
        using var noise = settings.Data("noise", Batch, 3, Size, Size);
        return diffusion.Losses(network, x, arange(Batch) * 37 % 1000, noise).mean();
    }

    protected override void BeforeStep() =>
        stack(Parameters.Values.Select(p => linalg.norm(p.grad!))).norm().item<float>();

    protected override void AfterStep()
    {
        using var none = no_grad();
        foreach (var (name, average) in averages) average.mul_(0.9999).add_(Parameters[name], alpha: 1e-4);
    }
}
