using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>Random tensors. Their elements depend on the generator's seed, stream and position alone; each takes one
/// word of the stream, an integer two.</summary>
public static class CreationRandom
{
    extension(Tensor)
    {
        /// <summary>Evenly distributed in [0, 1), multiples of 2⁻²⁴.</summary>
        public static Tensor Rand(Shape shape, Generator generator, DType dtype = DType.Float32,
            Device? device = null) =>
            Tensor.Uniform(shape, 0, 1, generator, dtype, device);

        /// <summary>Evenly distributed in [<paramref name="low"/>, <paramref name="high"/>).</summary>
        public static Tensor Uniform(Shape shape, double low, double high, Generator generator,
            DType dtype = DType.Float32, Device? device = null) =>
            Draw(Kernels.Uniform.Forward, shape, low, high, generator, dtype, device);

        /// <summary>Normally distributed with mean 0 and standard deviation 1.</summary>
        public static Tensor Randn(Shape shape, Generator generator, DType dtype = DType.Float32,
            Device? device = null) =>
            Tensor.Normal(shape, 0, 1, generator, dtype, device);

        /// <summary>Normally distributed.</summary>
        public static Tensor Normal(Shape shape, double mean, double deviation, Generator generator,
            DType dtype = DType.Float32, Device? device = null) =>
            Draw(Kernels.Normal.Forward, shape, mean, deviation, generator, dtype, device);

        /// <summary>Evenly distributed integers in [<paramref name="low"/>, <paramref name="high"/>), Int64 unless
        /// asked otherwise.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The range is empty.</exception>
        public static Tensor RandInt(long low, long high, Shape shape, Generator generator, DType dtype = DType.Int64,
            Device? device = null)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(low, high);
            using var scope = Scope.Open();
            var tensor = Tensor.Empty(shape, DType.Int64, device);
            Integers.Forward.Run(tensor.Device, DType.Int64,
                new(generator.Take(2 * shape.Count), tensor.View, low, high));
            return scope.Keep(tensor.To(dtype));
        }

        /// <summary>The numbers 0 … <paramref name="count"/>-1 in random order, Int64.</summary>
        public static Tensor Permutation(int count, Generator generator, Device? device = null) =>
            Tensor.From(generator.Permutation(count), [count], device);
    }

    private static Tensor Draw(Kernel<RandomArgs> kernel, Shape shape, double a, double b, Generator generator,
        DType dtype, Device? device)
    {
        if (!dtype.IsFloating()) throw new DTypeException($"{kernel.Name} gives floating-point numbers, not {dtype}");
        using var scope = Scope.Open();
        var tensor = Tensor.Empty(shape, dtype == DType.Float64 ? dtype : DType.Float32, device);
        kernel.Run(tensor.Device, tensor.DType, new(generator.Take(shape.Count), tensor.View, a, b));
        return scope.Keep(tensor.To(dtype));
    }
}
