using System.Text.RegularExpressions;
using Diffract.Autograd;
using Diffract.Kernels;

namespace Diffract.Tasks;

/// <summary>Labels: losses and embeddings.</summary>
internal static partial class LossKinds
{
    public static Dictionary<string, KindRunner> Table { get; } = new()
    {
        ["cross_entropy"] = CrossEntropy,
        ["embedding"] = Embedding,
        ["timestep_embedding"] = TimestepEmbeddings,
    };

    private static void CrossEntropy(VerifyCase c)
    {
        var rank = c.Data["logits"].Rank;
        var axis = c.Meta.Int("class_axis", rank > 1 ? 1 : 0);
        if ((axis < 0 ? axis + rank : axis) is var classes && classes != rank - 1 && classes != 1)
            throw new VerifyException($"classes on axis {axis} of {rank} are not available");
        var logits = c.Leaf("logits", classes == 1 ? Layout.ChannelsLast : Layout.AsStored);
        var labels = c.Input("labels");
        var ignored = c.Meta.Int("ignore_index", -100);
        var reduction = c.Meta.Text("reduction", "mean") switch
        {
            "mean" => Reduction.Mean,
            "sum" => Reduction.Sum,
            "none" => Reduction.None,
            var other => throw new VerifyException($"there is no reduction {other}"),
        };
        var loss = logits.CrossEntropy(labels, ignored, reduction);
        c.Check("loss", loss);
        if (c.Has("loss_none")) c.Check("loss_none", logits.Detach().CrossEntropy(labels, ignored, Reduction.None));
        loss.Backward(c.Has("gy") ? c.Input("gy") : c.Ones(loss.Shape));
        c.CheckGradients();
    }

    private static void Embedding(VerifyCase c) => c.CheckBackward(c.Leaf("w").Embedding(c.Input("idx")));

    /// <summary>embedding_dim32 is of the steps in timesteps, embedding_float_dim32 of those in timesteps_float.
    /// </summary>
    private static void TimestepEmbeddings(VerifyCase c)
    {
        foreach (var name in c.Names.ToArray())
        {
            if (EmbeddingName().Match(name) is not { Success: true } match) continue;
            var steps = c.Input("timesteps" + match.Groups[1].Value);
            var found = TimestepEmbedding.Of(steps, c.Data[name].Shape.Int(-1), c.Meta.Number("max_period", 10000));
            c.Check(name, found, floor: AngleRounding);
        }
    }

    /// <summary>The angle t · frequency is a float32 in the original too; its rounding at t = 999 is 3e-5, and that of
    /// the frequency is of the same size.</summary>
    public const double AngleRounding = 5e-5;

    [GeneratedRegex(@"^embedding(.*)_dim\d+$")]
    private static partial Regex EmbeddingName();
}
