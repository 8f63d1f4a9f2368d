using Diffract.Engine;

namespace Diffract.Model;

/// <summary>A network as the diffusion sees it; usually a closure over a U-Net and, where it has classes, the labels.
/// </summary>
/// <param name="x">Noised images, [N, H, W, C].</param>
/// <param name="timesteps">Float32 [N]: steps of the process the network was trained on, whatever the respacing.
/// </param>
/// <returns>[N, H, W, C], or [N, H, W, 2C] where the variance is learned: prediction first, then variance.</returns>
public delegate Tensor Denoiser(Tensor x, Tensor timesteps);
