using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>The rule by which features are made smaller: a map larger than S x S is averaged to S x S, a smaller one
/// stays as it is; each direction by itself.</summary>
internal static class MapAveraging
{
    extension(MapSize size)
    {
        /// <summary>The size of <see cref="AveragedToAtMost"/>.</summary>
        /// <param name="side">S; 0 to keep all maps as they are.</param>
        public MapSize AtMost(int side) =>
            side > 0 ? new MapSize(Math.Min(side, size.Height), Math.Min(side, size.Width)) : size;
    }

    extension(Tensor map)
    {
        /// <summary>A map [N, H, W, C], averaged where it is larger; itself where it is not.</summary>
        /// <param name="side">S; 0 to keep all maps as they are.</param>
        public Tensor AveragedToAtMost(int side)
        {
            var whole = new MapSize(map.Shape.Int(1), map.Shape.Int(2));
            var size = whole.AtMost(side);
            return size == whole ? map : map.AdaptiveAvgPool2d((size.Height, size.Width));
        }
    }
}
