namespace Diffract.Tasks;

/// <summary>How the similarity of two layers is estimated from images.</summary>
public enum CkaEstimator
{
    /// <summary>All images at once, the biased HSIC of doubly centred Gram matrices (Kornblith et al. 2019).</summary>
    Full,

    /// <summary>The unbiased HSIC_1 (Song et al. 2012), summed over random batches of images (Nguyen et al. 2021).
    /// </summary>
    Minibatch,

    /// <summary>The same of Gram matrices that are first stretched to [0, 1], diagonal included: a variant that is in
    /// use for vision transformers. It gives other numbers, and is no longer unbiased.</summary>
    MinibatchMinMax,
}
