namespace Diffract.Engine;

/// <summary>How a GPU multiplies float32 matrices and convolves float32 images. Sums are in float32 in every case.
/// </summary>
public enum MatMulPrecision
{
    /// <summary>Without tensor cores: products as exact as float32, a relative error of 2⁻²⁴ for each.</summary>
    Exact,

    /// <summary>On tensor cores, each number as the sum of two TF32 numbers, in three products: a relative error of
    /// about 2⁻²¹ for each product, close to <see cref="Exact"/> and several times faster.</summary>
    Tf32x3,

    /// <summary>On tensor cores, each number rounded to TF32's 11 bits: a relative error of up to 2⁻¹⁰ for each
    /// product. The fastest.</summary>
    Tf32,
}
