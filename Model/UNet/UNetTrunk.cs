using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>What the U-Net and its encoder half share: the embeddings and the numbered blocks, built from a plan.
/// </summary>
public abstract class UNetTrunk : Module
{
    private readonly Linear time0, time2;
    private readonly Embedding? labelEmbedding;
    private readonly UNetBlock[] blocks;

    private protected UNetTrunk(TrunkConfig config)
    {
        Plan = UNetPlan.For(config);
        time0 = Child("time_embed.0", new Linear(config.ModelChannels, Plan.EmbeddingChannels));
        time2 = Child("time_embed.2", new Linear(Plan.EmbeddingChannels, Plan.EmbeddingChannels));
        if (config.Classes is { } classes)
            labelEmbedding = Child("label_emb", new Embedding(classes, Plan.EmbeddingChannels));
        blocks = [.. Plan.Blocks.Select(plan => Child(plan.Module, new UNetBlock(plan)))];
    }

    /// <summary>The network block by block, at the size of its configuration.</summary>
    public UNetPlan Plan { get; }

    /// <summary>True to keep only the inputs of each block for backward, which then runs the block again: about a third
    /// more work for a fraction of the memory. Matters only while gradients are recorded.</summary>
    public bool RecomputeBlocks { get; set; }

    /// <summary>True to give memory that is kept for reuse back to the system whenever maps change their size.
    /// </summary>
    internal bool ReturnsMemory { get; set; }

    /// <summary>The time embedding, with the labels' embedding added where the network has one.</summary>
    /// <param name="timesteps">[N], integers or fractions.</param>
    /// <param name="labels">[N] class labels, for class-conditional networks only.</param>
    /// <returns>[N, 4 x ModelChannels], before the SiLU that every block applies to it.</returns>
    /// <exception cref="ArgumentException">Labels are missing, or the network takes none.</exception>
    public Tensor Embed(Tensor timesteps, Tensor? labels = null)
    {
        CheckLabels(timesteps, labels);
        using var scope = Scope.Open();
        var features = TimestepEmbedding.Of(timesteps, Plan.Config.ModelChannels).To(time0.Weight.DType);
        var emb = time2.Forward(time0.Forward(features).Silu());
        return scope.Keep(labels is null ? emb : emb + labelEmbedding!.Forward(labels));
    }

    /// <summary>Thaws what the output of a block depends on, embeddings and all blocks up to it, and freezes the rest,
    /// which would never get a gradient.</summary>
    /// <param name="block">Number of a block.</param>
    public void RequiresGradUpTo(int block)
    {
        RequiresGrad(false);
        time0.RequiresGrad(true);
        time2.RequiresGrad(true);
        labelEmbedding?.RequiresGrad(true);
        foreach (var part in blocks.Take(Plan[block].Number)) part.RequiresGrad(true);
    }

    private protected BlockWalk NewWalk(Taps taps, Feedback? feedback = null,
        IReadOnlyDictionary<int, Tensor>? known = null, Func<Tensor, Tensor>? condense = null) =>
        new(Plan, blocks, taps)
        {
            Feedback = feedback,
            Known = known,
            Condense = condense,
            Recompute = RecomputeBlocks,
            ReturnsMemory = ReturnsMemory,
        };

    private protected void CheckInput(Tensor x, Tensor timesteps)
    {
        if (x.Rank != 4 || x.Shape[3] != Plan.Config.InChannels)
            throw new ShapeException($"{Name} takes images [N, H, W, {Plan.Config.InChannels}], channels last; found "
                + $"{x.Shape}");
        if (timesteps.Rank != 1 || timesteps.Shape[0] != x.Shape[0])
            throw new ShapeException($"{Name} needs one time step for each of {x.Shape[0]} images, found "
                + $"{timesteps.Shape}");
        var factor = Plan.Config.Factor;
        if (x.Shape[1] % factor != 0 || x.Shape[2] % factor != 0)
            throw new ShapeException($"{Name} halves its input {Plan.Config.ChannelMult.Count - 1} times: height and "
                + $"width must be multiples of {factor}, found {x.Shape[1]} x {x.Shape[2]}");
    }

    private void CheckLabels(Tensor timesteps, Tensor? labels)
    {
        if (labelEmbedding is null)
        {
            if (labels is not null) throw new ArgumentException($"{Name} is not class-conditional: it takes no labels");
            return;
        }
        if (labels is null)
            throw new ArgumentException($"{Name} is class-conditional: it needs a label from 0 to "
                + $"{labelEmbedding.Count - 1} for every image");
        if (labels.Shape != timesteps.Shape)
            throw new ShapeException($"{Name} needs one label for each image: expected {timesteps.Shape}, found "
                + $"{labels.Shape}");
    }
}
