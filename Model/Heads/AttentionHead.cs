using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>The attention head on feature maps: each block's map becomes tokens, the tokens of all blocks are joined
/// and go through a chain of transformer layers, and a linear layer classifies what comes out, joined over the time
/// steps. One block and one time step make the Attention head; several of both make DifFormer. Tokenisers and
/// transformer are shared over time steps. State: <c>pre_layer.{b}</c>, <c>intra_inter_block_attention</c>,
/// <c>head</c>.</summary>
public sealed class AttentionHead : Head
{
    /// <summary>The chain of the published heads: two transformer layers of width 1024 and 8 heads.</summary>
    public const string DefaultLayers =
        "Use_CLS_Token:True:1024,Insert_CLS_Token,Attention:1024:8:4:2,Extract_CLS_Token";

    private readonly Dictionary<int, Tokeniser> tokenisers = [];
    private readonly int[] blocks;
    private readonly AttentionStack stack;
    private readonly Linear head;
    private readonly int timesteps;

    /// <summary>A head for some maps.</summary>
    /// <param name="blocks">The maps of one time step, in the order of their tokens; first-pass blocks before
    /// second-pass blocks. A block that appears twice has one tokeniser.</param>
    /// <param name="classes">Number of logits.</param>
    /// <param name="layers">The chain of layers; see <see cref="AttentionStack"/>. It starts with Use_CLS_Token, whose
    /// width the tokens get.</param>
    /// <param name="pool">Larger maps are averaged to this height and width.</param>
    /// <param name="norm">How maps are normalised.</param>
    /// <param name="timesteps">Number of time steps.</param>
    public AttentionHead(IReadOnlyList<FeatureInfo> blocks, int classes, string layers = DefaultLayers, int pool = 16,
        TokenNorm norm = TokenNorm.Layer, int timesteps = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pool);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(timesteps);
        var words = LayerWord.Parse(layers);
        var width = words.FirstOrDefault(w => w.Name == "Use_CLS_Token")?.Integer(1) ?? throw new ArgumentException(
            $"'{layers}': the width of the tokens is missing; start with Use_CLS_Token:True:<width>");
        this.blocks = [.. blocks.Select(b => b.Block)];
        this.timesteps = timesteps;
        foreach (var block in blocks.DistinctBy(b => b.Block))
            tokenisers.Add(block.Block, Child($"pre_layer.{block.Block}", new Tokeniser(block, width, pool, norm)));
        var tokens = blocks.Sum(b => Tokeniser.SizeOf(b, pool).Count);
        stack = Child("intra_inter_block_attention", new AttentionStack(words, [tokens, width]));
        if (stack.OutShape.Rank != 1)
            throw new ArgumentException($"'{layers}' ends with tokens {stack.OutShape}: end with Extract_CLS_Token, "
                + "FullyPool or Flatten");
        head = Child("head", new Linear(timesteps * stack.OutShape.Int(0), classes));
    }

    /// <inheritdoc/>
    protected override Tensor Compute(FeatureMaps maps)
    {
        CheckMaps(maps, blocks, timesteps);
        var rows = new Tensor[timesteps];
        for (var t = 0; t < timesteps; t++)
        {
            using var scope = Scope.Open();
            rows[t] = scope.Keep(stack.Forward(Tokens(maps[t])));
        }
        return head.Forward(timesteps == 1 ? rows[0] : Tensor.Concat(1, rows));
    }

    /// <summary>How much the class token attends to each place of the maps in the last transformer block.</summary>
    /// <param name="maps">The maps the head was made for.</param>
    /// <returns>Maps of weights, [N, height, width, heads] each, in the size of the tokens. Over all blocks of a time
    /// step and the class token itself they sum to 1.</returns>
    /// <exception cref="InvalidOperationException">The chain of layers has no class token that is read.</exception>
    public FeatureMaps ClassAttention(FeatureMaps maps)
    {
        CheckMaps(maps, blocks, timesteps);
        using var scope = Scope.Open();
        return new FeatureMaps([.. Enumerable.Range(0, timesteps).Select(t =>
        {
            var tokens = Tokens(maps[t]);
            var weights = stack.FirstWeights(tokens);
            // Before the tokens of the maps stands the class token.
            var at = weights.Shape[2] - tokens.Shape[1];
            if (at != 1) throw new InvalidOperationException("the first token is no class token");
            return (IReadOnlyList<FeatureMap>)[.. maps[t].Select(m =>
            {
                var size = tokenisers[m.Block].Size;
                var part = weights.Slice(2, at, size.Count).Permute(0, 2, 1).Contiguous();
                at += size.Count;
                return m with { Map = part.Reshape([part.Shape[0], size.Height, size.Width, part.Shape[2]]) };
            })];
        })]).KeepIn(scope);
    }

    private Tensor Tokens(IReadOnlyList<FeatureMap> maps)
    {
        var tokens = maps.Select(m => tokenisers[m.Block].Forward(m.Map)).ToArray();
        return tokens.Length == 1 ? tokens[0] : Tensor.Concat(1, tokens);
    }
}
