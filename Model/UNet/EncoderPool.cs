namespace Diffract.Model;

/// <summary>How the encoder's maps become one vector.</summary>
public enum EncoderPool
{
    /// <summary>Mean over positions, then a 1x1 convolution that starts from zero.</summary>
    Adaptive,

    /// <summary>An attention pool; ties the network to one image size.</summary>
    Attention,

    /// <summary>The means of every block, then two linear layers with a ReLU.</summary>
    Spatial,

    /// <summary>The means of every block, then two linear layers with a group normalisation and a SiLU.</summary>
    SpatialV2,
}
