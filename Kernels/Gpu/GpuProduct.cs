using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <summary>Where a product's operands are and where its result goes: a matrix product, a convolution and its gradients
/// differ in nothing else.</summary>
/// <typeparam name="TShape">Sizes, a plain struct.</typeparam>
internal interface IGpuOperands<TShape> where TShape : unmanaged
{
    /// <summary>Element (row, k) of the left operand of part <paramref name="z"/>.</summary>
    static abstract float Left(ArrayView<float> a, TShape shape, int z, long row, long k);

    /// <summary>Element (k, column) of the right operand.</summary>
    static abstract float Right(ArrayView<float> b, TShape shape, int z, long k, long column);

    /// <summary>Place of element (row, column) of the result, and of the residual.</summary>
    static abstract long Place(TShape shape, int z, long row, long column);

    /// <summary>Place of a column's bias.</summary>
    static abstract long Bias(TShape shape, int z, long column);
}

/// <summary>Lengths and factors of <see cref="GpuProduct{TShape, TOperands}"/>.</summary>
/// <param name="Rows">Rows of the result.</param>
/// <param name="Columns">Columns of the result.</param>
/// <param name="Depth">Length of the sums.</param>
/// <param name="Part">Length of the part of the sums that one block makes; the depth when they are not cut.</param>
/// <param name="Parts">How many parts; each goes to a result of its own.</param>
/// <param name="Alpha">Factor of the product.</param>
/// <param name="Beta">Factor of what was there before; 0 does not read it.</param>
internal readonly record struct GpuProductSize(
    long Rows, long Columns, long Depth, long Part, int Parts, float Alpha = 1, float Beta = 0);

/// <summary>C = alpha A B + beta C + bias + residual in float32, without tensor cores: for every GPU, and what others
/// are measured by. A block of 256 threads makes 64 x 64 sums, a thread 4 x 4 of them in registers; both operands pass
/// by in slices of 16 through shared memory. A sum runs along the depth in order.</summary>
internal static class GpuProduct<TShape, TOperands>
    where TShape : unmanaged where TOperands : struct, IGpuOperands<TShape>
{
    private const int Side = 64, Slice = 16, Threads = 256;

    private static readonly GpuKernel kernel = new(Multiply, Threads);

    /// <summary>Queues the product of <paramref name="batch"/> parts.</summary>
    public static void Run(GpuDevice device, View a, View b, View c, View bias, View residual, GpuProductSize size,
        TShape shape, int batch) =>
        kernel.Launch(device, (checked((int)((size.Rows + Side - 1) / Side)),
            checked((int)((size.Columns + Side - 1) / Side)), batch * size.Parts), new GpuArguments().Put<float>(a)
            .Put<float>(b).Put<float>(c).Put<float>(bias).Put<float>(residual).Put(size).Put(shape));

    private static void Multiply(ArrayView<float> a, ArrayView<float> b, ArrayView<float> c, ArrayView<float> bias,
        ArrayView<float> residual, GpuProductSize size, TShape shape)
    {
        // [slice][row] and [slice][column]
        var left = SharedMemory.Allocate<float>(Slice * Side);
        var right = SharedMemory.Allocate<float>(Slice * Side);
        int thread = Group.IdxX, part = Grid.IdxZ % size.Parts, z = Grid.IdxZ / size.Parts;
        long firstRow = (long)Grid.IdxX * Side, firstColumn = (long)Grid.IdxY * Side;
        int row = thread / 16 * 4, column = thread % 16 * 4;
        float c00 = 0, c01 = 0, c02 = 0, c03 = 0, c10 = 0, c11 = 0, c12 = 0, c13 = 0;
        float c20 = 0, c21 = 0, c22 = 0, c23 = 0, c30 = 0, c31 = 0, c32 = 0, c33 = 0;
        var end = (part + 1) * size.Part;
        if (end > size.Depth) end = size.Depth;
        for (var k = part * size.Part; k < end; k += Slice)
        {
            for (var i = thread; i < Slice * Side; i += Threads)
            {
                // Neighbouring threads read neighbours along the depth on the left, along the columns on the right.
                long depth = k + i % Slice, at = firstRow + i / Slice;
                left[i % Slice * Side + i / Slice] =
                    depth < end && at < size.Rows ? TOperands.Left(a, shape, z, at, depth) : 0;
                depth = k + i / Side;
                at = firstColumn + i % Side;
                right[i] = depth < end && at < size.Columns ? TOperands.Right(b, shape, z, depth, at) : 0;
            }
            Group.Barrier();
            for (var s = 0; s < Slice; s++)
            {
                int x = s * Side + row, y = s * Side + column;
                float a0 = left[x], a1 = left[x + 1], a2 = left[x + 2], a3 = left[x + 3];
                float b0 = right[y], b1 = right[y + 1], b2 = right[y + 2], b3 = right[y + 3];
                c00 = Add(a0, b0, c00);
                c01 = Add(a0, b1, c01);
                c02 = Add(a0, b2, c02);
                c03 = Add(a0, b3, c03);
                c10 = Add(a1, b0, c10);
                c11 = Add(a1, b1, c11);
                c12 = Add(a1, b2, c12);
                c13 = Add(a1, b3, c13);
                c20 = Add(a2, b0, c20);
                c21 = Add(a2, b1, c21);
                c22 = Add(a2, b2, c22);
                c23 = Add(a2, b3, c23);
                c30 = Add(a3, b0, c30);
                c31 = Add(a3, b1, c31);
                c32 = Add(a3, b2, c32);
                c33 = Add(a3, b3, c33);
            }
            Group.Barrier();
        }
        z = Grid.IdxZ;
        Row(c, bias, residual, size, shape, z, firstRow + row, firstColumn + column, c00, c01, c02, c03);
        Row(c, bias, residual, size, shape, z, firstRow + row + 1, firstColumn + column, c10, c11, c12, c13);
        Row(c, bias, residual, size, shape, z, firstRow + row + 2, firstColumn + column, c20, c21, c22, c23);
        Row(c, bias, residual, size, shape, z, firstRow + row + 3, firstColumn + column, c30, c31, c32, c33);
    }

    private static float Add(float a, float b, float sum) => GpuLane.MultiplyAdd(a, b, sum);

    private static void Row(ArrayView<float> c, ArrayView<float> bias, ArrayView<float> residual, GpuProductSize size,
        TShape shape, int z, long row, long column, float s0, float s1, float s2, float s3)
    {
        if (row >= size.Rows) return;
        Write(c, bias, residual, size, shape, z, row, column, s0);
        Write(c, bias, residual, size, shape, z, row, column + 1, s1);
        Write(c, bias, residual, size, shape, z, row, column + 2, s2);
        Write(c, bias, residual, size, shape, z, row, column + 3, s3);
    }

    private static void Write(ArrayView<float> c, ArrayView<float> bias, ArrayView<float> residual,
        GpuProductSize size, TShape shape, int z, long row, long column, float sum)
    {
        if (column >= size.Columns) return;
        var place = TOperands.Place(shape, z, row, column);
        var value = size.Alpha * sum;
        if (size.Beta != 0) value += size.Beta * c[place];
        if (bias.Length > 0) value += bias[TOperands.Bias(shape, z, column)];
        if (residual.Length > 0) value += residual[place];
        c[place] = value;
    }
}
