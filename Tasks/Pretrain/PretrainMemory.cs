using System.Text.Json.Serialization;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Memory that training takes, measured before it starts by the gradients of one image and of two.</summary>
/// <param name="Fixed">Bytes whatever the images: weights, averages, gradients, the optimiser's moments, and what
/// kernels need beside.</param>
/// <param name="PerImage">Bytes of each image in a microbatch.</param>
/// <param name="Microbatch">Images at once.</param>
/// <param name="Recompute">Whether blocks run again in backward instead of keeping their activations.</param>
public sealed record PretrainMemory(long Fixed, long PerImage, int Microbatch, bool Recompute)
{
    // With fewer images at once, running blocks again is the faster way to save memory.
    private const int Few = 8;

    /// <summary>How it is written as JSON.</summary>
    public static System.Text.Json.Serialization.Metadata.JsonTypeInfo<PretrainMemory> Json =>
        PretrainMemoryJson.Default.PretrainMemory;

    /// <summary>Bytes at the highest point of a step.</summary>
    [JsonIgnore]
    public long Peak => Fixed + Microbatch * PerImage;

    /// <summary>Measures what a recipe takes, and chooses what fits into its budget: all images of a step at once, else
    /// microbatches of at least 8 images, else recomputation with as many images as fit.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="trainer">A trainer that has not made a step here.</param>
    /// <exception cref="DiffractException">Not even one image with recomputation fits.</exception>
    public static PretrainMemory Choose(PretrainRecipe recipe, DiffusionTrainer trainer)
    {
        var wanted = Math.Min(recipe.Microbatch ?? recipe.Batch, recipe.Batch);
        var plain = Measure(trainer, recipe.Recompute, wanted);
        if (recipe.MemoryBudget is not { } budget || plain.Peak <= budget) return plain;
        if (plain.Fitting(budget) is >= Few and var some) return plain with { Microbatch = some };
        var again = recipe.Recompute ? plain : Measure(trainer, recompute: true, wanted);
        return again.Fitting(budget) >= 1
            ? again with { Microbatch = Math.Min(wanted, again.Fitting(budget)) }
            : throw new DiffractException($"training one image at a time takes about "
                + $"{Units.Bytes((again with { Microbatch = 1 }).Peak)} with recomputation, more than the memory "
                + $"budget of {Units.Bytes(budget)}: take fewer channels or smaller images, or a larger "
                + "--memory-budget");
    }

    /// <summary>In words.</summary>
    public override string ToString() => $"about {Units.Bytes(Peak)}: {Units.Bytes(Fixed)} and "
        + $"{Units.Bytes(PerImage)} for each of {Microbatch} images at once"
        + (Recompute ? ", whose blocks run again in backward" : "");

    private int Fitting(long budget) =>
        (int)Math.Clamp((budget - Fixed) / Math.Max(1, PerImage), 0, Microbatch);

    private static PretrainMemory Measure(DiffusionTrainer trainer, bool recompute, int microbatch)
    {
        // What is taken once and for all, such as scratch memory of the kernels, must be there before.
        trainer.Rehearse(2, recompute);
        var (one, two) = (trainer.Rehearse(1, recompute), trainer.Rehearse(2, recompute));
        return new PretrainMemory(2 * one - two, two - one, microbatch, recompute);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(PretrainMemory))]
internal sealed partial class PretrainMemoryJson : JsonSerializerContext;
