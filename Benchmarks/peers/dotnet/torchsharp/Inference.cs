using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Diffract.Peers;

/// <summary>A forward in inference mode; its check is the root mean square of what comes out.</summary>
internal sealed class Inference(Func<Tensor> forward, params IEnumerable<Tensor> held) : IPeerCase
{
    /// <summary>The case of a name; null when there is none.</summary>
    public static Inference? Find(string name, Settings settings)
    {
        var words = name.Split('_', 'x');
        var batch = words[^1].StartsWith('n') ? long.Parse(words[^1][1..], CultureInfo.InvariantCulture) : 1;
        var n = words.Skip(1).Where(word => !word.StartsWith('n'))
            .Select(word => long.Parse(word.TrimStart('b'), CultureInfo.InvariantCulture)).ToArray();
        return (words[0], n) switch
        {
            ("gemm", [var side]) => MatMul(side, side, side, settings),
            ("gemm", [var m, var columns, var depth]) => MatMul(m, columns, depth, settings),
            ("conv1", [var from, var to, var size]) => Conv(batch, from, to, size, 1, settings),
            ("conv3", [var from, var to, var size]) => Conv(batch, from, to, size, 3, settings),
            ("gnsilu", [var channels, var size]) => Norm(channels, size, settings),
            ("attn", [var channels, var size]) => Attention(channels, size * size, settings),
            ("res", [var from, var to, var size]) => Residual(batch, from, to, size, settings),
            ("unet", [256, .. var block]) => Network(batch, (int)block.FirstOrDefault(), settings),
            _ => null,
        };
    }

    public double[] Check()
    {
        using var mode = inference_mode();
        using var scope = NewDisposeScope();
        var y = forward();
        // By parts, so that no copy of the tensor in double precision raises the peak memory.
        var parts = y.reshape(-1).split(1 << 20);
        var squares = parts.Sum(part => part.to(ScalarType.Float64).square().sum().item<double>());
        return [Math.Sqrt(squares / y.numel())];
    }

    public void Run()
    {
        using var mode = inference_mode();
        using var scope = NewDisposeScope();
        forward();
    }

    public void Dispose()
    {
        foreach (var tensor in held) tensor.Dispose();
    }

    private static Inference MatMul(long m, long columns, long depth, Settings settings)
    {
        Tensor a = settings.Data("x", m, depth), b = settings.Parameter("weight", depth, columns);
        return new(() => mm(a, b), a, b);
    }

    private static Inference Conv(long batch, long from, long to, long size, long kernel, Settings settings)
    {
        Tensor x = settings.Data("x", batch, from, size, size), b = settings.Parameter("bias", to);
        var w = settings.Parameter("weight", to, from, kernel, kernel);
        return new(() => F.conv2d(x, w, b, padding: [kernel / 2, kernel / 2]), x, w, b);
    }

    private static Inference Norm(long channels, long size, Settings settings)
    {
        Tensor w = settings.Parameter("weight", channels), b = settings.Parameter("bias", channels);
        var x = settings.Data("x", 1, channels, size, size);
        return new(() =>
        {
            using var y = F.group_norm(x, 32, w, b);
            return F.silu(y);
        }, x, w, b);
    }

    private static Inference Attention(long channels, long tokens, Settings settings)
    {
        var x = settings.Data("x", 1, 3 * channels, tokens);
        return new(() =>
        {
            var parts = x.reshape(channels / 64, 192, tokens).split(64, 1);
            return Adm.Attention(parts[0], parts[1], parts[2], settings.Fused);
        }, x);
    }

    private static Inference Residual(long batch, long from, long to, long size, Settings settings)
    {
        var shapes = new ParameterShapes();
        shapes.Residual("", from, to, 1024);
        var parameters = settings.Parameters(shapes);
        Tensor x = settings.Data("x", batch, from, size, size), emb = settings.Data("emb", batch, 1024);
        var network = new Adm(Plan.Adm256, parameters, 0, settings);
        return new(() => network.Residual("", x, emb), [.. parameters.Values, x, emb]);
    }

    private static Inference Network(long batch, int last, Settings settings)
    {
        var parameters = settings.Parameters(ParameterShapes.Of(Plan.Adm256, last));
        var x = settings.Data("x", batch, 3, 256, 256);
        var t = full([batch], 500f).DetachFromDisposeScope();
        var network = new Adm(Plan.Adm256, parameters, last, settings);
        return new(() => network.Forward(x, t), [.. parameters.Values, x, t]);
    }
}
