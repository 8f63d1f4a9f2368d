namespace Diffract.Model;

/// <summary>Height and width of a map.</summary>
public readonly record struct MapSize(int Height, int Width)
{
    /// <summary>Number of positions.</summary>
    public long Count => (long)Height * Width;

    /// <summary>Half in both directions.</summary>
    public MapSize Half => new(Height / 2, Width / 2);

    /// <summary>Twice in both directions.</summary>
    public MapSize Double => new(Height * 2, Width * 2);

    /// <summary>"32" for a square, "32x48" otherwise.</summary>
    public override string ToString() => Height == Width ? $"{Height}" : $"{Height}x{Width}";
}
