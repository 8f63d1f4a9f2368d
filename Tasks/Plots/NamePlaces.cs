using OxyPlot;

namespace Diffract.Tasks;

/// <summary>Where a name stands.</summary>
/// <param name="Box">What it covers, pixels.</param>
/// <param name="Across">Which of its sides is towards its point.</param>
/// <param name="Leader">Where a line from its point to it ends; null where it stands at its point.</param>
internal readonly record struct NamePlace(OxyRect Box, HorizontalAlignment Across, ScreenPoint? Leader);

/// <summary>Places for names of points, so that none covers a point or another name, and one can tell whose it is: at
/// its point where there is room, else farther with a line to it.</summary>
internal sealed class NamePlaces
{
    private const int Directions = 16;

    // Pixels: from the middle of a point to the name beside it, and above or below it; the reach of a point; what is
    // kept free around a name; and how near to another point a name could be taken for its.
    private const double Beside = 9, Above = 6, Point = 6, Margin = 2, Apart = 16;

    private const double Outside = 2000, Covered = 1000, Crossed = 400, Doubtful = 60, Far = 30;

    private static readonly double[] steps = [12, 22, 34, 48, 64, 82, 104, 130];

    private readonly IReadOnlyList<ScreenPoint> points;
    private readonly (NamePlace Place, double Cost)[][] candidates;
    private readonly NamePlace[] chosen;

    private NamePlaces(IReadOnlyList<ScreenPoint> points, IReadOnlyList<OxySize> sizes, OxyRect area)
    {
        this.points = points;
        candidates = [.. points.Select((point, i) => Around(point, sizes[i])
            .Select(c => (c.Place, c.Cost + (Contains(area, c.Place.Box) ? 0 : Outside) + Alone(i, c.Place)))
            .ToArray())];
        chosen = [.. candidates.Select(all => all.MinBy(c => c.Cost).Place)];
    }

    /// <summary>Finds a place for the name of every point.</summary>
    /// <param name="points">The points, pixels.</param>
    /// <param name="sizes">Of their names.</param>
    /// <param name="area">Where names may stand; it holds the points.</param>
    public static IReadOnlyList<NamePlace> Find(
        IReadOnlyList<ScreenPoint> points, IReadOnlyList<OxySize> sizes, OxyRect area)
    {
        var places = new NamePlaces(points, sizes, area);
        // Each change lowers the cost of the whole, so it ends.
        while (places.Improve()) { }
        return places.chosen;
    }

    private bool Improve()
    {
        var isBetter = false;
        for (var i = 0; i < points.Count; i++)
        {
            var best = candidates[i].MinBy(c => c.Cost + WithOthers(i, c.Place));
            var now = candidates[i].First(c => c.Place == chosen[i]);
            if (best.Cost + WithOthers(i, best.Place) >= now.Cost + WithOthers(i, now.Place)) continue;
            (chosen[i], isBetter) = (best.Place, true);
        }
        return isBetter;
    }

    // On the right first, then on the left, above and below, in the corners, and farther and farther away.
    private static IEnumerable<(NamePlace Place, double Cost)> Around(ScreenPoint point, OxySize size)
    {
        for (var d = 0; d < Directions; d += 2)
            yield return (Place(point, size, d, d is 4 or 12 ? Above : Beside),
                d switch { 0 => 0, 8 => 2, 4 or 12 => 4, _ => 6 });
        foreach (var away in steps.Select(step => Beside + step))
            for (var d = 0; d < Directions; d++)
                yield return (Place(point, size, d, away) with { Leader = At(point, d, away - Margin) },
                    Far + away / 2 + (d is 0 or 8 ? 0 : 2));
    }

    private static NamePlace Place(ScreenPoint point, OxySize size, int direction, double distance)
    {
        var at = At(point, direction, distance);
        var (x, y) = (at.X - point.X, at.Y - point.Y);
        var isAcross = Math.Abs(x) > 0.3 * distance;
        var isCorner = isAcross && direction % 8 != 0 && distance == Beside;
        var left = !isAcross ? at.X - size.Width / 2 : x > 0 ? at.X : at.X - size.Width;
        // From afar a line leads to the middle of a name's side.
        var top = isAcross && !isCorner ? at.Y - size.Height / 2 : y > 0 ? at.Y : at.Y - size.Height;
        var side = !isAcross ? HorizontalAlignment.Center
            : x > 0 ? HorizontalAlignment.Left : HorizontalAlignment.Right;
        return new NamePlace(new OxyRect(left, top, size.Width, size.Height), side, null);
    }

    private static ScreenPoint At(ScreenPoint point, int direction, double distance)
    {
        var (sin, cos) = Math.SinCos(2 * Math.PI * direction / Directions);
        return new ScreenPoint(point.X + distance * cos, point.Y - distance * sin);
    }

    // What other points do to a place.
    private double Alone(int own, NamePlace place)
    {
        double cost = 0;
        for (var i = 0; i < points.Count; i++)
        {
            if (i == own) continue;
            var away = Distance(place.Box, points[i]);
            if (away < Point + Margin) cost += Covered;
            else if (away < Apart) cost += Doubtful * (1 + (Apart - away) / Apart);
            if (place.Leader is { } end && Distance(points[i], points[own], end) < Point + Margin) cost += Crossed;
        }
        return cost;
    }

    private double WithOthers(int own, NamePlace place)
    {
        double cost = 0;
        for (var i = 0; i < points.Count; i++)
        {
            if (i == own) continue;
            var other = chosen[i];
            if (Overlap(place.Box, other.Box)) cost += Covered;
            if (place.Leader is { } end && Crosses(points[own], end, other.Box)) cost += Crossed;
            if (other.Leader is { } otherEnd && Crosses(points[i], otherEnd, place.Box)) cost += Crossed;
            if (place.Leader is { } a && other.Leader is { } b && Cross(points[own], a, points[i], b)) cost += Crossed;
        }
        return cost;
    }

    private static bool Contains(OxyRect area, OxyRect box) => box.Left >= area.Left && box.Right <= area.Right
        && box.Top >= area.Top && box.Bottom <= area.Bottom;

    private static bool Overlap(OxyRect a, OxyRect b) => a.Left < b.Right + Margin && b.Left < a.Right + Margin
        && a.Top < b.Bottom + Margin && b.Top < a.Bottom + Margin;

    private static double Distance(OxyRect box, ScreenPoint point) => Math.Max(
        Math.Max(box.Left - point.X, point.X - box.Right), Math.Max(box.Top - point.Y, point.Y - box.Bottom));

    private static double Distance(ScreenPoint point, ScreenPoint from, ScreenPoint to)
    {
        var (x, y) = (to.X - from.X, to.Y - from.Y);
        var share = Math.Clamp(((point.X - from.X) * x + (point.Y - from.Y) * y) / (x * x + y * y), 0, 1);
        return Math.Sqrt(Math.Pow(from.X + share * x - point.X, 2) + Math.Pow(from.Y + share * y - point.Y, 2));
    }

    private static bool Crosses(ScreenPoint from, ScreenPoint to, OxyRect box)
    {
        ScreenPoint topLeft = new(box.Left - Margin, box.Top - Margin),
            bottomRight = new(box.Right + Margin, box.Bottom + Margin),
            topRight = new(bottomRight.X, topLeft.Y), bottomLeft = new(topLeft.X, bottomRight.Y);
        return Cross(from, to, topLeft, bottomRight) || Cross(from, to, topRight, bottomLeft);
    }

    private static bool Cross(ScreenPoint a, ScreenPoint b, ScreenPoint c, ScreenPoint d) =>
        Side(a, b, c) != Side(a, b, d) && Side(c, d, a) != Side(c, d, b);

    private static int Side(ScreenPoint a, ScreenPoint b, ScreenPoint c) =>
        Math.Sign((b.X - a.X) * (c.Y - a.Y) - (b.Y - a.Y) * (c.X - a.X));
}
