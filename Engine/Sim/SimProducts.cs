namespace Diffract.Engine.Sim;

/// <summary>A warp's matrix products under way (<c>wgmma.mma_async</c>). Their results are calculated at once, and
/// nobody may look at them before they are waited for, nor write what they read.</summary>
internal sealed class SimProducts(SimWarp warp)
{
    private readonly Queue<List<Product>> groups = new();
    private List<Product> open = [];
    private Product?[] users = [];
    private int[] touched = [];
    private int fences;

    /// <summary>True while any is under way.</summary>
    public bool Any => open.Count > 0 || groups.Any(g => g.Count > 0);

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        open.Clear();
        groups.Clear();
        Array.Clear(users);
        Array.Clear(touched);
        fences = 0;
    }

    /// <summary>An instruction of the warp's threads touches registers.</summary>
    public void Touch(int[] rows)
    {
        Grow();
        foreach (var row in rows)
        {
            if (users[row / SimWarp.Lanes] is { } user)
                throw new SimException($"a register that '{user.Text}' uses is touched before it is waited for");
            touched[row / SimWarp.Lanes] = fences + 1;
        }
    }

    /// <summary>What threads have done to registers is known to products from here on.</summary>
    public void Fence() => fences++;

    /// <summary>Starts a product.</summary>
    /// <param name="text">The instruction.</param>
    /// <param name="shape">Its shape: products of one shape may follow each other on the same results.</param>
    /// <param name="results">Rows of the results.</param>
    /// <param name="inputs">Rows of A, when it is in registers.</param>
    /// <param name="pieces">Pieces of shared memory that are read.</param>
    public void Start(string text, string shape, int[] results, int[] inputs, List<int> pieces)
    {
        Grow();
        if (fences == 0) throw new SimException("no wgmma.fence comes before the first product");
        var product = new Product(text, shape, results, inputs, pieces);
        foreach (var row in results.Concat(inputs).Select(r => r / SimWarp.Lanes))
            if (touched[row] > fences)
                throw new SimException("a thread has touched its registers, and no wgmma.fence follows");
        foreach (var row in results.Select(r => r / SimWarp.Lanes))
            if (users[row] is { } user && (user.Shape != shape || !user.Results.Contains(row * SimWarp.Lanes)))
                throw new SimException($"its results are registers that '{user.Text}' still uses");
        foreach (var row in inputs.Select(r => r / SimWarp.Lanes))
            if (users[row] is { } user && user.Results.Contains(row * SimWarp.Lanes))
                throw new SimException($"its operand is a result of '{user.Text}', which is not waited for");
        foreach (var row in results.Concat(inputs)) users[row / SimWarp.Lanes] = product;
        open.Add(product);
    }

    /// <summary>Closes a group.</summary>
    public void Commit()
    {
        groups.Enqueue(open);
        open = [];
    }

    /// <summary>Waits for all groups, the newest excepted.</summary>
    public void Wait(int groupsLeft)
    {
        while (groups.Count > groupsLeft)
            foreach (var product in groups.Dequeue())
            {
                foreach (var row in product.Results.Concat(product.Inputs))
                    if (users[row / SimWarp.Lanes] == product) users[row / SimWarp.Lanes] = null;
                foreach (var piece in product.Pieces) warp.Block.Shared.Release(warp, piece);
            }
    }

    private void Grow()
    {
        if (users.Length > 0) return;
        users = new Product?[warp.Program.Rows];
        touched = new int[warp.Program.Rows];
    }

    private sealed class Product(string text, string shape, int[] results, int[] inputs, List<int> pieces)
    {
        public string Text => text;

        public string Shape => shape;

        public int[] Results => results;

        public int[] Inputs => inputs;

        public List<int> Pieces => pieces;
    }
}
