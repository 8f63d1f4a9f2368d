namespace Diffract.Kernels;

/// <summary>What of each number is added up, and what becomes of the sum.</summary>
public interface IFold : INamed
{
    /// <summary>What one number contributes.</summary>
    static abstract T Term<T>(T x) where T : unmanaged, ILane<T>;

    /// <summary>From the sum to the result.</summary>
    static virtual double Finish(double sum) => sum;

    /// <summary>The same in a GPU's thread.</summary>
    static virtual double FinishOnGpu(double sum) => sum;
}
