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
    /// <exception cref="DiffractException">The recipe names no known head or norm.</exception>
    public static Head Make(HeadRecipe recipe, IReadOnlyList<FeatureInfo> blocks, int timesteps, int classes) =>
        recipe.Kind switch
        {
            "linear" => new LinearHead(blocks, classes, recipe.EffectivePool, recipe.Hidden, timesteps),
            "attention" => new AttentionHead(
                blocks, classes, Layers(recipe), recipe.EffectivePool, Norm(recipe), timesteps),
            _ => throw new DiffractException($"there is no head '{recipe.Kind}'; there are linear and attention"),
        };

    /// <summary>A head with fresh weights for a source of features: its maps, its timesteps, its classes.</summary>
    /// <inheritdoc cref="Make(HeadRecipe, IReadOnlyList{FeatureInfo}, int, int)"/>
    public static Head Make(HeadRecipe recipe, IFeatureSource features) =>
        Make(recipe, features.Blocks, features.Spec.Timesteps.Count, features.Classes.Count);

    private static string Layers(HeadRecipe recipe) => recipe.Width % recipe.Heads == 0
        ? $"Use_CLS_Token:True:{recipe.Width},Insert_CLS_Token,Attention:{recipe.Width}:{recipe.Heads}:"
            + $"{recipe.MlpRatio}:{recipe.Layers},Extract_CLS_Token"
        : throw new DiffractException(
            $"a width of {recipe.Width} cannot be divided among {recipe.Heads} attention heads");

    private static TokenNorm Norm(HeadRecipe recipe) => recipe.Norm switch
    {
        "layer" => TokenNorm.Layer,
        "batch" => TokenNorm.Batch,
        _ => throw new DiffractException($"there is no norm '{recipe.Norm}'; there are layer and batch"),
    };
}
