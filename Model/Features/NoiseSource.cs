using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Standard normal noise that depends on the seed, the image, the draw and the time step, and on nothing else:
/// not on the batch an image is in, its place there, the number of threads or what was drawn before.</summary>
/// <param name="Seed">Of the whole run.</param>
/// <param name="Draw">Counts repeated draws for the same images: the epochs from 1 in training; 0 is the first in
/// evaluation.</param>
public sealed record NoiseSource(ulong Seed, long Draw = 0)
{
    /// <summary>Noise for a batch.</summary>
    /// <param name="ids">Numbers of the images.</param>
    /// <param name="timestep">The time step it is for.</param>
    /// <param name="image">Shape of one image: [H, W, C].</param>
    /// <param name="device">Where to draw it: the numbers are the same on all. The CPU when left out.</param>
    /// <returns>[N, H, W, C], float32.</returns>
    public Tensor For(IReadOnlyList<long> ids, int timestep, Shape image, Device? device = null)
    {
        using var scope = Scope.Open();
        var rows = new Tensor[ids.Count];
        for (var i = 0; i < rows.Length; i++)
        {
            var generator = new Generator(Seed).Split((ulong)ids[i]).Split((ulong)Draw).Split((ulong)timestep);
            rows[i] = Tensor.Randn([1, .. image], generator, device: device);
        }
        return scope.Keep(rows.Length == 1 ? rows[0] : Tensor.Concat(0, rows));
    }
}
