namespace Diffract.Model;

/// <summary>What a numbered block of a backbone gives.</summary>
/// <param name="Block">Its number, counted from 1.</param>
/// <param name="Channels">Channels of its map.</param>
/// <param name="Size">Height and width of its map.</param>
public readonly record struct FeatureInfo(int Block, int Channels, MapSize Size)
{
    /// <summary>"block 24: 1024@16".</summary>
    public override string ToString() => $"block {Block}: {Channels}@{Size}";
}
