namespace Diffract.Autograd;

/// <summary>What an operation does with its inputs' types inside <see cref="Autocast"/>.</summary>
public enum CastRule
{
    /// <summary>Takes them as they come: types meet as elsewhere.</summary>
    Follow,

    /// <summary>A product: takes them in the 16-bit type.</summary>
    Product,

    /// <summary>A product whose second and third inputs are a weight and a bias: as <see cref="Product"/>, and what is
    /// not trained is rounded once and kept.</summary>
    Layer,

    /// <summary>Takes 16-bit inputs in float32, because its result needs the range or the digits.</summary>
    Single,
}
