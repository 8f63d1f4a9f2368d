using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Where samples are to be pulled: the gradient of a log probability with respect to x_t, times a scale
/// (Dhariwal and Nichol 2021, "Diffusion models beat GANs on image synthesis").</summary>
/// <param name="x">Noised images x_t, [N, H, W, C].</param>
/// <param name="timesteps">Float32 [N], as the network is told them.</param>
/// <returns>Of the images' shape.</returns>
public delegate Tensor Guidance(Tensor x, Tensor timesteps);
