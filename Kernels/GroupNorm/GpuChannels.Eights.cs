using System.Runtime.CompilerServices;
using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <remarks>Where channels come in eights and addresses allow, a thread has eight neighbouring ones; its arithmetic,
/// and the order of its sums, are those of the threads that have one.</remarks>
internal static unsafe partial class GpuChannels<T, TNumber>
{
    private const int Eight = 8, MostOfSample = 1 << 30, MostSamples = 1 << 15;

    private static readonly GpuKernel momentsEight = new(MomentsEight);
    private static readonly GpuKernel affineEight = new(AffineEight<NoActivation>),
        siluAffineEight = new(AffineEight<SiluActivation>);
    private static readonly GpuKernel inputEight = new(InputEight<NoActivation>),
        siluInputEight = new(InputEight<SiluActivation>);

    private static bool InEights(int batch, int pixels, int channels, params ReadOnlySpan<View> views) =>
        channels % Eight == 0 && (long)pixels * channels <= MostOfSample && batch <= MostSamples
        && GpuViews.InPacks(views);

    // A row of blocks for each sample.
    private static void LaunchEight(
        GpuDevice device, GpuKernel kernel, int batch, int pixels, int channels, GpuArguments arguments)
    {
        var ofSample = pixels * (channels / Eight);
        kernel.Launch(device, ((ofSample + kernel.Threads - 1) / kernel.Threads, batch, 1),
            arguments.Put(ofSample).Put(channels / Eight));
    }

    private static void MomentsEight(
        ArrayView<Word4> x, ArrayView<double> partial, int pixels, int eights, int blocks)
    {
        var item = GpuThread.Index;
        if (2 * Eight * item >= partial.Length) return;
        long slab = item / eights, c = item - slab * eights, n = slab / blocks;
        var first = (slab - n * blocks) * PixelsOfBlock;
        var last = first + PixelsOfBlock < pixels ? first + PixelsOfBlock : pixels;
        Sums low = default, high = default;
        for (var p = first; p < last; p++)
        {
            var value = TNumber.ReadEight(x, (n * pixels + p) * eights + c);
            low = Added(low, value.Low);
            high = Added(high, value.High);
        }
        Write(partial, 2 * slab * eights * Eight + c * Eight, eights * Eight, low);
        Write(partial, 2 * slab * eights * Eight + c * Eight + Eight / 2, eights * Eight, high);
    }

    private static void AffineEight<TActivation>(ArrayView<Word4> x, ArrayView<Word4> y, ArrayView<Word4> gains,
        int ofSample, int eights) where TActivation : struct, IActivation
    {
        var item = Grid.IdxX * Group.DimX + Group.IdxX;
        if (item >= ofSample) return;
        long n = Grid.IdxY, c = item % eights, at = n * ofSample + item;
        var value = TNumber.ReadEight(x, at);
        var gain = SingleNumber.ReadEight(gains, 2 * n * eights + c);
        var offset = SingleNumber.ReadEight(gains, (2 * n + 1) * eights + c);
        value.Low = Activated<TActivation>(value.Low, gain.Low, offset.Low);
        value.High = Activated<TActivation>(value.High, gain.High, offset.High);
        TNumber.WriteEight(y, at, value);
    }

    private static void InputEight<TActivation>(ArrayView<Word4> x, ArrayView<Word4> dy, ArrayView<Word4> dx,
        ArrayView<Word4> gains, ArrayView<Word4> factors, int ofSample, int eights)
        where TActivation : struct, IActivation
    {
        var item = Grid.IdxX * Group.DimX + Group.IdxX;
        if (item >= ofSample) return;
        long n = Grid.IdxY, c = item % eights, at = n * ofSample + item;
        Float8 value = TNumber.ReadEight(x, at), gradient = TNumber.ReadEight(dy, at);
        var gain = SingleNumber.ReadEight(gains, 2 * n * eights + c);
        var offset = SingleNumber.ReadEight(gains, (2 * n + 1) * eights + c);
        gradient.Low = BeforeActivation<TActivation>(value.Low, gradient.Low, gain.Low, offset.Low);
        gradient.High = BeforeActivation<TActivation>(value.High, gradient.High, gain.High, offset.High);
        var a = SingleNumber.ReadEight(factors, 3 * n * eights + c);
        var b = SingleNumber.ReadEight(factors, (3 * n + 1) * eights + c);
        var d = SingleNumber.ReadEight(factors, (3 * n + 2) * eights + c);
        gradient.Low = MultiplyAdd(gradient.Low, a.Low, MultiplyAdd(value.Low, b.Low, d.Low));
        gradient.High = MultiplyAdd(gradient.High, a.High, MultiplyAdd(value.High, b.High, d.High));
        TNumber.WriteEight(dx, at, gradient);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Float4 Activated<TActivation>(Float4 x, Float4 gain, Float4 offset)
        where TActivation : struct, IActivation
    {
        x = MultiplyAdd(x, gain, offset);
        x.X = TActivation.Forward<GpuLane>(x.X);
        x.Y = TActivation.Forward<GpuLane>(x.Y);
        x.Z = TActivation.Forward<GpuLane>(x.Z);
        x.W = TActivation.Forward<GpuLane>(x.W);
        return x;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Float4 BeforeActivation<TActivation>(Float4 x, Float4 dy, Float4 gain, Float4 offset)
        where TActivation : struct, IActivation
    {
        x = MultiplyAdd(x, gain, offset);
        dy.X = TActivation.Backward<GpuLane>(x.X, dy.X);
        dy.Y = TActivation.Backward<GpuLane>(x.Y, dy.Y);
        dy.Z = TActivation.Backward<GpuLane>(x.Z, dy.Z);
        dy.W = TActivation.Backward<GpuLane>(x.W, dy.W);
        return dy;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Float4 MultiplyAdd(Float4 x, Float4 factor, Float4 addend)
    {
        x.X = GpuLane.MultiplyAdd(x.X, factor.X, addend.X);
        x.Y = GpuLane.MultiplyAdd(x.Y, factor.Y, addend.Y);
        x.Z = GpuLane.MultiplyAdd(x.Z, factor.Z, addend.Z);
        x.W = GpuLane.MultiplyAdd(x.W, factor.W, addend.W);
        return x;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Sums Added(Sums sums, Float4 x)
    {
        double a = x.X, b = x.Y, c = x.Z, d = x.W;
        sums.X += a;
        sums.Y += b;
        sums.Z += c;
        sums.W += d;
        sums.XX += a * a;
        sums.YY += b * b;
        sums.ZZ += c * c;
        sums.WW += d * d;
        return sums;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write(ArrayView<double> partial, long at, long channels, Sums sums)
    {
        partial[at] = sums.X;
        partial[at + 1] = sums.Y;
        partial[at + 2] = sums.Z;
        partial[at + 3] = sums.W;
        partial[at + channels] = sums.XX;
        partial[at + channels + 1] = sums.YY;
        partial[at + channels + 2] = sums.ZZ;
        partial[at + channels + 3] = sums.WW;
    }

    // Of four channels, and of their squares.
    private struct Sums
    {
        public double X, Y, Z, W, XX, YY, ZZ, WW;
    }
}
