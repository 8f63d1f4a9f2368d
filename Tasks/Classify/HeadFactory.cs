using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Makes heads that fit feature maps.</summary>
public static class HeadFactory
{
    /// <summary>A head with fresh weights.</summary>
    /// <param name="recipe">Which head.</param>
    /// <param name="blocks">Number, channels and size of the maps.</param>
    /// <param name="timesteps">Number of timesteps.</param>
    /// <param name="classes">Number of logits.</param>
    /// <exception cref="DiffractException">The recipe names no known head or norm, or its settings make none.
    /// </exception>
    public static Head Make(HeadRecipe recipe, IReadOnlyList<FeatureInfo> blocks, int timesteps, int classes)
    {
        var pool = recipe.EffectivePool;
        try
        {
            return recipe.Kind switch
            {
                "linear" => new LinearHead(blocks, classes, pool, timesteps: timesteps),
                "mlp" => new LinearHead(blocks, classes, pool, Sizes("hidden layers", recipe.Hidden), timesteps),
                "cnn" => new CnnHead(blocks, classes, Channels(recipe), pool, timesteps: timesteps),
                "attention" => new AttentionHead(blocks, classes, Layers(recipe), pool, Norm(recipe), timesteps),
                _ => throw new DiffractException(
                    $"there is no head '{recipe.Kind}'; there are linear, mlp, cnn and attention"),
            };
        }
        catch (ArgumentException e)
        {
            throw new DiffractException($"{recipe.Kind} head: {e.Message}", e);
        }
    }

    /// <summary>A head with fresh weights for a source of features: its maps, its timesteps, its classes.</summary>
    /// <inheritdoc cref="Make(HeadRecipe, IReadOnlyList{FeatureInfo}, int, int)"/>
    public static Head Make(HeadRecipe recipe, IFeatureSource features) =>
        Make(recipe, features.Blocks, features.Spec.Timesteps.Count, features.Classes.Count);

    private static IReadOnlyList<int> Sizes(string what, IReadOnlyList<int> sizes) => sizes.All(size => size > 0)
        ? sizes
        : throw new DiffractException($"{what} have sizes from 1, found {string.Join(", ", sizes)}");

    private static (int First, int Second) Channels(HeadRecipe recipe) =>
        Sizes("convolutions", recipe.Channels) is [var first, var second] ? (first, second)
        : throw new DiffractException(
            $"a CNN head has two convolutions, found {recipe.Channels.Count} numbers of channels");

    private static string Layers(HeadRecipe recipe)
    {
        if (recipe.Chain is { } chain) return chain;
        _ = Sizes("width, heads, layers and MLP ratio",
            [recipe.Width, recipe.Heads, recipe.Layers, recipe.MlpRatio]);
        return recipe.Width % recipe.Heads == 0
            ? $"Use_CLS_Token:True:{recipe.Width},Insert_CLS_Token,Attention:{recipe.Width}:{recipe.Heads}:"
                + $"{recipe.MlpRatio}:{recipe.Layers},Extract_CLS_Token"
            : throw new DiffractException(
                $"a width of {recipe.Width} cannot be divided among {recipe.Heads} attention heads");
    }

    private static TokenNorm Norm(HeadRecipe recipe) => recipe.Norm switch
    {
        "layer" => TokenNorm.Layer,
        "batch" => TokenNorm.Batch,
        _ => throw new DiffractException($"there is no norm '{recipe.Norm}'; there are layer and batch"),
    };
}
