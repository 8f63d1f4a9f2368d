using OxyPlot;
using OxyPlot.Axes;

namespace Diffract.Tasks;

/// <summary>Which class was taken for which: a row per true class, a column per answer, cells shaded by the share of
/// the row.</summary>
public static class ConfusionPlot
{
    private const int MostNumbers = 24;
    private const int MostClasses = 60;
    private const int Worst = 24;
    private const int Cell = 34;
    private const int SmallCell = 15;
    private const int Around = 210;
    private const double NamesPerPixel = 6.5;

    private static readonly OxyPalette shades = OxyPalette.Interpolate(
        256, OxyColors.White, OxyColor.FromRgb(0xB3, 0xD1, 0xEA), OxyColor.FromRgb(0x2B, 0x7B, 0xBA),
        OxyColor.FromRgb(0x08, 0x30, 0x6B));

    /// <summary>Draws a matrix. Up to 24 classes have figures in their cells (percent of the row), up to 60 have cells;
    /// of more, the 24 that are recognised least are drawn, all other answers being one column.</summary>
    /// <param name="title">Title of the plot.</param>
    /// <param name="matrix">The counts, of at least one class.</param>
    public static Plot Draw(string title, ConfusionMatrix matrix)
    {
        if (matrix.Classes == 0) throw new ArgumentException("there are no classes to draw", nameof(matrix));
        var all = matrix.Classes <= MostClasses;
        int[] classes = all ? [.. Enumerable.Range(0, matrix.Classes)] : LeastRecognised(matrix);
        var rows = classes.Select(label => matrix.ClassNames[label]).ToArray();
        string[] columns = all ? rows : [.. rows, "any other"];
        var shares = Shares(matrix, classes, columns.Length);

        var model = PlotStyle.Model(all ? title : $"{title}: the {Worst} of {matrix.Classes} classes recognised least");
        var answers = HeatMapPlot.Names(columns, AxisPosition.Bottom, "answer");
        answers.Angle = -60;
        model.Axes.Add(answers);
        model.Axes.Add(HeatMapPlot.Names(rows, AxisPosition.Left, "true class"));
        var colours = HeatMapPlot.Scale(shades, "share of the class in %", 0, 100);
        HeatMapPlot.AddCells(model, shares, colours);
        // Most cells are white: a frame says where they end.
        model.PlotAreaBorderThickness = new OxyThickness(1);
        var numbered = classes.Length <= MostNumbers;
        if (numbered) HeatMapPlot.AddNumbers(model, shares, colours, Percent);
        var side = columns.Length * (numbered ? Cell : SmallCell);
        var names = (int)(rows.Max(name => name.Length) * NamesPerPixel);
        return new Plot(model, side + names + Around, side + names + Around / 2);
    }

    private static string Percent(double share) => share == 0 ? "" : share < 0.5 ? "<1" : $"{share:0}";

    private static int[] LeastRecognised(ConfusionMatrix matrix)
    {
        var shares = matrix.PerClass;
        return [.. Enumerable.Range(0, matrix.Classes).Where(label => shares[label].Trials > 0)
            .OrderBy(label => shares[label].Value).Take(Worst).Order()];
    }

    /// <summary>Percent of every row; NaN in rows of classes that do not occur. A last column without a class of its
    /// own takes what the others leave.</summary>
    private static double[,] Shares(ConfusionMatrix matrix, int[] classes, int columns)
    {
        var shares = new double[classes.Length, columns];
        for (var row = 0; row < classes.Length; row++)
        {
            var (total, shown) = (matrix.RowTotal(classes[row]), 0L);
            for (var column = 0; column < columns; column++)
            {
                var count = column < classes.Length ? matrix[classes[row], classes[column]] : total - shown;
                shown += count;
                shares[row, column] = total == 0 ? double.NaN : 100.0 * count / total;
            }
        }
        return shares;
    }
}
