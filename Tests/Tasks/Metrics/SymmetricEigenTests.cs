using Diffract.Engine;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>Eigenvalues and eigenvectors against matrices that are known, and against what makes them so.</summary>
internal sealed class SymmetricEigenTests
{
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    [TestCase(17)]
    [TestCase(70)]
    [TestCase(150)]
    public void Vectors_are_orthonormal_and_make_the_matrix_again(int size)
    {
        var matrix = Random(size, 1);
        var eigen = SymmetricEigen.Of(matrix, size);
        Check(matrix, eigen, 1e-14 * size);
        Assert.That(eigen.Values.ToArray(), Is.Ordered);
        Assert.That(SymmetricEigen.Of(matrix, size, vectors: false).Values.ToArray(),
            Is.EqualTo(eigen.Values.ToArray()), "the values do not depend on whether vectors are wanted");
    }

    [Test]
    public void The_second_difference_has_its_known_eigenvalues()
    {
        const int size = 50;
        var matrix = new double[size * size];
        for (var i = 0; i < size; i++)
        {
            matrix[i * size + i] = 2;
            if (i > 0) matrix[i * size + i - 1] = -1;
        }
        var known = Enumerable.Range(1, size).Select(k => 2 - 2 * Math.Cos(k * Math.PI / (size + 1)));
        Assert.That(SymmetricEigen.Of(matrix, size).Values.ToArray(), Is.EqualTo(known).Within(1e-14));
    }

    [Test]
    public void Of_the_matrix_only_what_is_below_the_diagonal_counts()
    {
        Assert.That(SymmetricEigen.Of([2, double.MaxValue, 1, 2], 2).Values.ToArray(),
            Is.EqualTo(new double[] { 1, 3 }).Within(1e-15));
    }

    [TestCase(0)]
    [TestCase(1e-300)]
    [TestCase(1e300)]
    public void Equal_eigenvalues_are_found_as_often_as_they_occur(double scale)
    {
        // a I + b 1 1ᵀ: a is an eigenvalue size - 1 times, a + b size once.
        const int size = 40;
        var matrix = new double[size * size];
        for (var i = 0; i < matrix.Length; i++) matrix[i] = scale * (i % (size + 1) == 0 ? 5 : 2);
        var eigen = SymmetricEigen.Of(matrix, size);
        Check(matrix, eigen, 1e-13 * scale);
        Assert.That(eigen.Values[..^1].ToArray(), Is.All.EqualTo(3 * scale).Within(1e-13 * scale));
        Assert.That(eigen.Values[^1], Is.EqualTo(83 * scale).Within(1e-12 * scale));
    }

    [Test]
    public void A_diagonal_matrix_is_its_own_decomposition()
    {
        double[] matrix = [3, 0, 0, 0, -2, 0, 0, 0, 0];
        var eigen = SymmetricEigen.Of(matrix, 3);
        Assert.That(eigen.Values.ToArray(), Is.EqualTo(new double[] { -2, 0, 3 }));
        Check(matrix, eigen, 0);
    }

    [TestCase(120, 7)]
    [TestCase(600, 2)]
    public void What_lacks_rank_has_zeros_but_for_rounding(int size, int rank)
    {
        var generator = new Generator(5);
        var factors = new double[size * rank];
        for (var i = 0; i < factors.Length; i++) factors[i] = generator.NextSingle() - 0.5;
        var matrix = new double[size * size];
        for (var i = 0; i < size; i++)
            for (var j = 0; j < size; j++)
                for (var k = 0; k < rank; k++) matrix[i * size + j] += factors[i * rank + k] * factors[j * rank + k];
        var eigen = SymmetricEigen.Of(matrix, size);
        Check(matrix, eigen, 1e-13);
        Assert.That(eigen.Values[..^rank].ToArray(), Is.All.EqualTo(0).Within(1e-13));
        Assert.That(eigen.Values[size - rank], Is.GreaterThan(0.1));
    }

    [Test]
    public void Eigenvalues_of_very_different_size_are_found_to_the_largest_ones_digits()
    {
        // H D H with the reflection H = I - 2 u uᵀ: known values in a full matrix.
        const int size = 60;
        double[] values = [.. Enumerable.Range(0, size).Select(i => Math.Pow(10, -i / 4.0))];
        var u = Enumerable.Range(0, size).Select(i => 1 / Math.Sqrt(size) * (i % 3 == 0 ? -1 : 1)).ToArray();
        double H(int i, int j) => (i == j ? 1 : 0) - 2 * u[i] * u[j];
        var matrix = new double[size * size];
        for (var i = 0; i < size; i++)
            for (var j = 0; j < size; j++)
                for (var k = 0; k < size; k++) matrix[i * size + j] += H(i, k) * values[k] * H(k, j);
        Assert.That(SymmetricEigen.Of(matrix, size).Values.ToArray(), Is.EqualTo(values.Order()).Within(1e-14));
    }

    [Test]
    public void Wrong_matrices_are_refused()
    {
        Assert.That(() => SymmetricEigen.Of([1, 2, 3], 2), Throws.ArgumentException);
        Assert.That(() => SymmetricEigen.Of([], 0), Throws.ArgumentException);
        Assert.That(() => SymmetricEigen.Of([1, 0, double.NaN, 1], 2), Throws.ArgumentException);
        Assert.That(() => SymmetricEigen.Of([1], 1, vectors: false).Vector(0), Throws.InvalidOperationException);
    }

    [TestCase(1, 1, 1)]
    [TestCase(5, 3, 7)]
    [TestCase(66, 65, 515)]
    [TestCase(130, 9, 1030)]
    public void Products_in_float64_are_their_definition(int m, int n, int k)
    {
        double[] a = Numbers(m * k, 1), b = Numbers(n * k, 2), c = Numbers(m * n, 3);
        var wanted = c.Select((old, at) => old
            + Enumerable.Range(0, k).Sum(p => a[at / n * k + p] * b[at % n * k + p])).ToArray();
        DoubleProduct.Add(c, a, m, b, n, k);
        Assert.That(c, Is.EqualTo(wanted).Within(1e-14 * k));
        var gram = new double[m * m];
        DoubleProduct.AddGram(gram, a, m, k);
        DoubleProduct.Mirror(gram, m);
        Assert.That(gram, Is.EqualTo(Enumerable.Range(0, m * m).Select(at =>
            Enumerable.Range(0, k).Sum(p => a[at / m * k + p] * a[at % m * k + p]))).Within(1e-14 * k));
    }

    // A V = V Λ and Vᵀ V = I, element by element.
    private static void Check(double[] matrix, SymmetricEigen eigen, double tolerance)
    {
        var size = eigen.Size;
        for (var k = 0; k < size; k++)
        {
            var vector = eigen.Vector(k).ToArray();
            for (var i = 0; i < size; i++)
            {
                var product = 0.0;
                for (var j = 0; j < size; j++)
                    product += matrix[Math.Max(i, j) * size + Math.Min(i, j)] * vector[j];
                Assert.That(product, Is.EqualTo(eigen.Values[k] * vector[i]).Within(tolerance), $"vector {k}, row {i}");
            }
            for (var other = 0; other <= k; other++)
                Assert.That(DoubleRows.Dot(vector, eigen.Vector(other)),
                    Is.EqualTo(other == k ? 1 : 0).Within(1e-15 * (size + 4)), $"vectors {k} and {other}");
        }
    }

    private static double[] Random(int size, ulong seed)
    {
        var matrix = Numbers(size * size, seed);
        DoubleProduct.Mirror(matrix, size);
        return matrix;
    }

    private static double[] Numbers(int count, ulong seed)
    {
        var generator = new Generator(seed);
        return [.. Enumerable.Range(0, count).Select(_ => 2.0 * generator.NextSingle() - 1)];
    }
}
