using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>New tensors. None of them requires a gradient; the CPU is the device when none is named.</summary>
public static class Creation
{
    extension(Tensor)
    {
        /// <summary>All elements 0.</summary>
        public static Tensor Zeros(Shape shape, DType dtype = DType.Float32, Device? device = null) =>
            Tensor.Full(shape, 0, dtype, device);

        /// <summary>All elements 1.</summary>
        public static Tensor Ones(Shape shape, DType dtype = DType.Float32, Device? device = null) =>
            Tensor.Full(shape, 1, dtype, device);

        /// <summary>All elements <paramref name="value"/>, converted as by <c>To</c>.</summary>
        public static Tensor Full(Shape shape, double value, DType dtype = DType.Float32, Device? device = null)
        {
            var tensor = Tensor.Empty(shape, dtype, device);
            Fill.Forward.Run(tensor.Device, dtype, new(tensor.View, value));
            return tensor;
        }

        /// <summary>Zeros of another tensor's shape, type and device.</summary>
        public static Tensor ZerosLike(Tensor like) => Tensor.Zeros(like.Shape, like.DType, like.Device);

        /// <summary>Ones of another tensor's shape, type and device.</summary>
        public static Tensor OnesLike(Tensor like) => Tensor.Ones(like.Shape, like.DType, like.Device);

        /// <summary>0, 1 … <paramref name="end"/> - 1.</summary>
        public static Tensor Arange(long end, DType dtype = DType.Int64, Device? device = null) =>
            Tensor.Arange(0, end, 1, dtype, device);

        /// <summary>start, start + step, and so on, as long as they are before end.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The step is 0 or leads away from the end.</exception>
        public static Tensor Arange(double start, double end, double step = 1, DType dtype = DType.Float32,
            Device? device = null)
        {
            if (!((end - start) / step >= 0))
                throw new ArgumentOutOfRangeException(nameof(step), step, $"does not lead from {start} to {end}");
            var count = (long)Math.Ceiling((end - start) / step);
            return Series(count, dtype, device, i => start + i * step);
        }

        /// <summary><paramref name="steps"/> numbers at equal distances from start to end, both included.</summary>
        public static Tensor Linspace(double start, double end, long steps, DType dtype = DType.Float32,
            Device? device = null)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(steps);
            // From both ends to the middle, so that the last number is the end exactly.
            var step = steps > 1 ? (end - start) / (steps - 1) : 0;
            return Series(steps, dtype, device, i => 2 * i < steps ? start + i * step : end - (steps - 1 - i) * step);
        }

        /// <summary>Ones on the diagonal, zeros elsewhere [rows, columns]; square when columns are left out.</summary>
        public static Tensor Eye(long rows, long? columns = null, DType dtype = DType.Float32, Device? device = null)
        {
            var tensor = Tensor.Zeros([rows, columns ?? rows], dtype, device);
            var length = Math.Min(rows, columns ?? rows);
            using var diagonal = tensor.Window([length], 0, [(columns ?? rows) + 1]);
            using var ones = Tensor.Ones([length], dtype, device);
            InPlace.Copy(ones, diagonal);
            return tensor;
        }
    }

    private static Tensor Series(long count, DType dtype, Device? device, Func<long, double> element)
    {
        using var scope = Scope.Open();
        var values = new double[count];
        for (long i = 0; i < count; i++) values[i] = element(i);
        return scope.Keep(Tensor.From(values, [count], device).To(dtype));
    }
}
