using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Sinusoids of time steps.</summary>
/// <param name="Timesteps">Float32 [count].</param>
/// <param name="Y">Float32 [count, width].</param>
/// <param name="Count">Time steps.</param>
/// <param name="Width">Elements of an embedding; the last of an odd number is 0.</param>
/// <param name="MaxPeriod">Bound of the longest period, divided by 2π.</param>
public readonly record struct TimestepSinusoidsArgs(View Timesteps, View Y, int Count, int Width, double MaxPeriod);

/// <summary>The embedding that tells a diffusion network the time: cosines, then sines, of t times falling frequencies.
/// </summary>
public static unsafe partial class TimestepSinusoids
{
    /// <summary>y = [cos(t f) | sin(t f)], f_i = exp(-ln(maxPeriod) i / half), half = width / 2.</summary>
    /// <remarks>The exponent, the frequency and the argument are rounded to float one after the other, as the networks
    /// were trained: at t = 999 another order, or a frequency that differs in its last bit, would move the sines by
    /// 3e-5.</remarks>
    public static readonly Kernel<TimestepSinusoidsArgs> Forward =
        new Kernel<TimestepSinusoidsArgs>("timestep_sinusoids")
            .OnCpu(DType.Float32, Fill)
            .OnGpu(DType.Float32, FillGpu);

    private static void Fill(CpuDevice device, TimestepSinusoidsArgs a)
    {
        var half = a.Width / 2;
        var rate = (float)-Math.Log(a.MaxPeriod);
        for (var i = 0; i < half; i++)
        {
            var frequency = Exp(rate * i / half);
            for (var n = 0; n < a.Count; n++)
            {
                double argument = a.Timesteps.F32[n] * frequency;
                var row = a.Y.F32 + (nint)n * a.Width;
                (row[i], row[half + i]) = ((float)Math.Cos(argument), (float)Math.Sin(argument));
            }
        }
        if (a.Width % 2 != 0) for (var n = 0; n < a.Count; n++) a.Y.F32[(n + 1L) * a.Width - 1] = 0;
    }

    /// <summary>e^x within one unit of the last place, with the roundings of PyTorch's CPU kernels, which call the
    /// float exponential of SLEEF: x = q ln 2 + s, and a polynomial of degree 6 in s (Shibata and Petrogalli 2020). The
    /// nearest float would be another one for every tenth frequency.</summary>
    private static float Exp(float x)
    {
        const float HighOfLn2 = 0.693145751953125f;
        const float LowOfLn2 = 1.428606765330187045e-6f;
        var q = MathF.Round(x * 1.442695040888963407f);
        var s = MathF.FusedMultiplyAdd(q, -LowOfLn2, MathF.FusedMultiplyAdd(q, -HighOfLn2, x));
        var u = 0.000198527617612853646f;
        foreach (var c in (ReadOnlySpan<float>)[0.00139304355252534f, 0.00833336077630520f, 0.0416664853692055f,
            0.166666671633720f, 0.5f])
            u = MathF.FusedMultiplyAdd(u, s, c);
        return MathF.ScaleB(1 + MathF.FusedMultiplyAdd(s * s, u, s), (int)q);
    }
}
