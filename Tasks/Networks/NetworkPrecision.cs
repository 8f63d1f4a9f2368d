namespace Diffract.Tasks;

/// <summary>In which numbers a network calculates. Norms, softmax and statistics are in float32 with each, and so are
/// parameters under training, their gradients, averages and the optimiser.</summary>
public enum NetworkPrecision
{
    /// <summary>On an NVIDIA GPU whose tensor cores take 16 bits, float16 for a frozen network and bfloat16 for one
    /// under training; float32 everywhere else.</summary>
    Auto,

    /// <summary>Float32 throughout.</summary>
    Float32,

    /// <summary>Float32 whose products are made of three TF32 products, on a GPU: nearly as exact.</summary>
    Tf32x3,

    /// <summary>Float32 whose products are rounded to TF32, on a GPU: an error of a thousandth.</summary>
    Tf32,

    /// <summary>Products and activations in float16: an error of a thousandth. Training scales its loss, and skips
    /// steps whose gradients overflow.</summary>
    Float16,

    /// <summary>Products and activations in bfloat16: an error of a hundredth, for numbers beyond float16's range.
    /// </summary>
    BFloat16,
}
